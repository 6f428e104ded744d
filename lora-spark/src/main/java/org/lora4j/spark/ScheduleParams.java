package org.lora4j.spark;

import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;

/**
 * The parameters of an estimator that say how many steps there are, and who computes them.
 *
 * @serial exclude
 */
abstract class ScheduleParams extends OptimizerParams {
    private static final long serialVersionUID = 1L;

    private final IntParam batchSize;
    private final IntParam epochs;
    private final LongParam maxIter;
    private final IntParam numWorkers;
    private final IntParam localSteps;
    private final Param<String> aggregation;
    private final Param<String> checkpointPath;
    private final IntParam checkpointInterval;
    private final LongParam treeReduceBytes;

    ScheduleParams(String uid) {
        super(uid);
        TextParams texts = new TextParams(uid);
        batchSize = new IntParam(uid, "batchSize", "rows of a batch, over all workers (>= 1)", ParamValidators.gtEq(1));
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
        setDefault(batchSize, 1024);
        setDefault(localSteps, 0);
        setDefault(aggregation, Aggregation.AVERAGE.text());
        setDefault(checkpointInterval, 100);
        setDefault(treeReduceBytes, 10L << 20);
    }

    /**
     * Returns the parameter of the number of rows of a batch over all workers.
     *
     * @return the parameter
     */
    public IntParam batchSize() {
        return batchSize;
    }

    /**
     * Sets the number of rows of a batch over all workers.
     *
     * @param value at least 1
     * @return this
     */
    public LoRAEstimator setBatchSize(int value) {
        return (LoRAEstimator) set(batchSize, value);
    }

    /**
     * Returns the parameter of the number of epochs.
     *
     * @return the parameter
     */
    public IntParam epochs() {
        return epochs;
    }

    /**
     * Sets the number of epochs.
     *
     * @param value at least 1; 1 by default, or no limit if the number of steps is set
     * @return this
     */
    public LoRAEstimator setEpochs(int value) {
        return (LoRAEstimator) set(epochs, value);
    }

    /**
     * Returns the parameter of the greatest number of steps.
     *
     * @return the parameter
     */
    public LongParam maxIter() {
        return maxIter;
    }

    /**
     * Sets the greatest number of steps.
     *
     * @param value at least 1; no limit by default
     * @return this
     */
    public LoRAEstimator setMaxIter(long value) {
        return (LoRAEstimator) set(maxIter, value);
    }

    /**
     * Returns the parameter of the number of tasks that share a batch.
     *
     * @return the parameter
     */
    public IntParam numWorkers() {
        return numWorkers;
    }

    /**
     * Sets the number of tasks that share a batch.
     *
     * @param value at least 1; as a rule the number of cores of all executors
     * @return this
     */
    public LoRAEstimator setNumWorkers(int value) {
        return (LoRAEstimator) set(numWorkers, value);
    }

    /**
     * Returns the parameter of how many steps each worker takes alone before the factors are averaged.
     *
     * @return the parameter
     */
    public IntParam localSteps() {
        return localSteps;
    }

    /**
     * Sets how many steps each worker takes alone before the factors are averaged.
     *
     * @param value 0 for exact gradients, which is the default. The average of factors is not that of the updates, so
     *     the result is another one than on one machine; {@link TrainingRound#gap} tells how far it is
     * @return this
     */
    public LoRAEstimator setLocalSteps(int value) {
        return (LoRAEstimator) set(localSteps, value);
    }

    /**
     * Returns the parameter of the adapter after the last round of local steps.
     *
     * @return the parameter
     */
    public Param<String> aggregation() {
        return aggregation;
    }

    /**
     * Sets the adapter after the last round of local steps.
     *
     * @param value average, cat or svd
     * @return this
     */
    public LoRAEstimator setAggregation(String value) {
        return (LoRAEstimator) set(aggregation, value);
    }

    /**
     * Returns the parameter of the folder of checkpoints.
     *
     * @return the parameter
     */
    public Param<String> checkpointPath() {
        return checkpointPath;
    }

    /**
     * Sets the folder of checkpoints.
     *
     * @param value on any file system of Hadoop
     * @return this
     */
    public LoRAEstimator setCheckpointPath(String value) {
        return (LoRAEstimator) set(checkpointPath, value);
    }

    /**
     * Returns the parameter of the number of rounds between two checkpoints.
     *
     * @return the parameter
     */
    public IntParam checkpointInterval() {
        return checkpointInterval;
    }

    /**
     * Sets the number of rounds between two checkpoints.
     *
     * @param value at least 1
     * @return this
     */
    public LoRAEstimator setCheckpointInterval(int value) {
        return (LoRAEstimator) set(checkpointInterval, value);
    }

    /**
     * Returns the parameter of the size of gradients above which groups of workers add theirs first.
     *
     * @return the parameter
     */
    public LongParam treeReduceBytes() {
        return treeReduceBytes;
    }

    /**
     * Sets the size of gradients above which groups of workers add theirs first.
     *
     * @param value a number of bytes
     * @return this
     */
    public LoRAEstimator setTreeReduceBytes(long value) {
        return (LoRAEstimator) set(treeReduceBytes, value);
    }
}
