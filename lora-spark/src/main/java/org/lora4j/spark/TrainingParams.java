package org.lora4j.spark;

import java.io.Serializable;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.StringArrayParam;
import org.lora4j.adapter.LoRAConfig;

/**
 * Holds the parameters of an estimator, which {@link HasAdapter}, {@link HasOptimizer}, {@link HasSchedule} and {@link HasTraining} return.
 *
 * @serial exclude
 */
public final class TrainingParams implements Serializable {
    private static final long serialVersionUID = 1L;

    final Param<LoRAConfig> loraConfig;
    final IntParam rank;
    final DoubleParam alpha;
    final DoubleParam dropout;
    final StringArrayParam targetModules;
    final LongParam seed;
    final Param<String> optimizer;
    final DoubleParam learningRate;
    final DoubleParam weightDecay;
    final DoubleParam clipNorm;
    final IntParam batchSize;
    final IntParam epochs;
    final LongParam maxIter;
    final IntParam numWorkers;
    final IntParam localSteps;
    final Param<String> aggregation;
    final Param<String> checkpointPath;
    final IntParam checkpointInterval;
    final LongParam treeReduceBytes;
    final Param<String> weightCol;
    final Param<String> validationIndicatorCol;

    /** Creates the parameters of a stage, and sets their defaults. */
    TrainingParams(HasTraining<?> stage) {
        String uid = stage.uid();
        TextParams texts = new TextParams(uid);
        loraConfig = new LoRAConfigParam(
                uid,
                "loraConfig",
                "configuration of the adapter; rank, alpha, dropout,"
                        + " targetModules and seed replace its values if they are set");
        rank = new IntParam(uid, "rank", "rank r of the update B·A (>= 1)", ParamValidators.gtEq(1));
        alpha = new DoubleParam(uid, "alpha", "numerator of the scale alpha/r (> 0)", ParamValidators.gt(0));
        dropout = new DoubleParam(
                uid,
                "dropout",
                "probability with which an input of A is set to zero (>= 0, < 1)",
                ParamValidators.inRange(0, 1, true, false));
        targetModules =
                new StringArrayParam(stage, "targetModules", "paths of the adapted layers, or their last parts");
        seed = new LongParam(uid, "seed", "seed of the initialization, of dropout, and of the order without ids");
        optimizer = texts.oneOf("optimizer", "updater of the parameters", OptimizerName.texts());
        learningRate = new DoubleParam(uid, "learningRate", "learning rate (> 0)", ParamValidators.gt(0));
        weightDecay = new DoubleParam(uid, "weightDecay", "weight decay of adamw (>= 0)", ParamValidators.gtEq(0));
        clipNorm = new DoubleParam(
                uid, "clipNorm", "greatest norm of all gradients together (> 0)", ParamValidators.gt(0));
        batchSize = new IntParam(
                uid,
                "batchSize",
                "rows of a batch, over all workers (>= 1); if it is not set, 16 to 1024 by the number of rows",
                ParamValidators.gtEq(1));
        epochs = new IntParam(uid, "epochs", "number of epochs (>= 1)", ParamValidators.gtEq(1));
        maxIter = new LongParam(uid, "maxIter", "greatest number of steps (>= 1)", ParamValidators.gtEq(1));
        numWorkers = new IntParam(
                uid,
                "numWorkers",
                "number of tasks that share a batch (>= 1); Spark's default" + " parallelism if it is not set",
                ParamValidators.gtEq(1));
        localSteps = new IntParam(
                uid,
                "localSteps",
                "steps that each worker takes alone before the factors are averaged;" + " 0 for exact gradients",
                ParamValidators.gtEq(0));
        aggregation = texts.oneOf(
                "aggregation",
                "adapter after the last round of local steps: the average of the factors, or"
                        + " the average of the updates, exact (cat) or of the same rank (svd)",
                Aggregation.texts());
        checkpointPath = texts.any(
                "checkpointPath",
                "folder of checkpoints, on any file system of Hadoop; a training continues"
                        + " from the last one in it");
        checkpointInterval = new IntParam(
                uid, "checkpointInterval", "number of rounds between two checkpoints (>= 1)", ParamValidators.gtEq(1));
        treeReduceBytes = new LongParam(
                uid,
                "treeReduceBytes",
                "gradients of more bytes are added by groups of workers"
                        + " first, so that the driver gets fewer of them",
                ParamValidators.gtEq(0));
        weightCol = texts.any(
                "weightCol",
                "column of the weights of rows in the loss (>= 0); without it, all rows have the weight 1");
        validationIndicatorCol = texts.any(
                "validationIndicatorCol",
                "column of booleans; rows with true are not trained on, and the parameters with the lowest loss of them are kept");
        stage.setDefault(loraConfig, LoRAConfig.builder().build());
        stage.setDefault(optimizer, OptimizerName.ADAM.text());
        stage.setDefault(learningRate, 1e-3);
        stage.setDefault(weightDecay, 0.01);
        stage.setDefault(localSteps, 0);
        stage.setDefault(aggregation, Aggregation.AVERAGE.text());
        stage.setDefault(checkpointInterval, 100);
        stage.setDefault(treeReduceBytes, 10L << 20);
    }
}
