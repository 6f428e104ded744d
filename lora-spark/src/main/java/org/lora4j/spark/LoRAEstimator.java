package org.lora4j.spark;

import java.io.IOException;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.DoubleParam;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.param.StringArrayParam;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.TargetModules;

/**
 * Trains an adapter of a frozen network on a table of Spark.
 *
 * <pre>{@code
 * LoRATransformer model = new LoRAEstimator()
 *         .setBasePath("hdfs:///models/base.safetensors")     // a file of Network.save
 *         .setFeaturesCol("features").setLabelCol("label").setIdCol("id")
 *         .setRank(4).setBatchSize(4096).setEpochs(3)
 *         .fit(table);
 * }</pre>
 *
 * <p><b>What it computes.</b> The rows have a fixed order, and each {@link #batchSize} of them are a batch. Every step is one
 * ordinary job of Spark: each worker computes the gradients of its rows of the batch, and the driver adds them up and updates
 * the parameters. So the result is that of a {@link org.lora4j.train.Trainer} with the same batches on one machine, except
 * for rounding, whatever the number of workers; dropout drops the same elements. The same number of workers gives the same
 * bits in each run, also if executors are lost. {@link #setLocalSteps} has fewer rounds, and is not exact.
 *
 * <p><b>The order of the rows</b> is that of {@link #idCol}. Without it, it is random, and depends only on the content of the
 * rows and {@link #seed}. It is the same in each epoch.
 *
 * @serial exclude
 */
public final class LoRAEstimator extends Estimator<LoRATransformer> implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
    private final Param<String> basePath;
    private final Param<String> featuresCol;
    private final Param<String> labelCol;
    private final Param<String> idCol;
    private final Param<String> predictionCol;
    private final Param<LoRAConfig> loraConfig;
    private final IntParam rank;
    private final DoubleParam alpha;
    private final DoubleParam dropout;
    private final StringArrayParam targetModules;
    private final LongParam seed;
    private final Param<String> loss;
    private final Param<String> optimizer;
    private final DoubleParam learningRate;
    private final DoubleParam weightDecay;
    private final DoubleParam clipNorm;
    private final IntParam batchSize;
    private final IntParam epochs;
    private final LongParam maxIter;
    private final IntParam numWorkers;
    private final IntParam localSteps;
    private final Param<String> aggregation;
    private final Param<String> checkpointPath;
    private final IntParam checkpointInterval;
    private final LongParam treeReduceBytes;
    private transient @Nullable RoundListener listener;

    /** Creates an estimator with the defaults and a random uid. */
    public LoRAEstimator() {
        this(Identifiable.randomUID("lora"));
    }

    /**
     * Creates an estimator with the defaults.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRAEstimator(String uid) {
        this.uid = uid;
        TextParams texts = new TextParams(uid);
        basePath = texts.basePath();
        featuresCol = texts.featuresCol();
        labelCol = texts.any(
                "labelCol",
                "column of the labels: the number of a class, or as many numbers as the network has" + " outputs");
        idCol = texts.any(
                "idCol",
                "column of distinct ids that orders the rows; without it their order is random, and depends"
                        + " on their content and the seed");
        predictionCol = texts.any("predictionCol", "column that the trained transformer adds");
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
        targetModules = new StringArrayParam(this, "targetModules", "paths of the adapted layers, or their last parts");
        seed = new LongParam(uid, "seed", "seed of the initialization, of dropout, and of the order without ids");
        loss = texts.oneOf("loss", "loss", LossName.texts());
        optimizer = texts.oneOf("optimizer", "updater of the parameters", OptimizerName.texts());
        learningRate = new DoubleParam(uid, "learningRate", "learning rate (> 0)", ParamValidators.gt(0));
        weightDecay = new DoubleParam(uid, "weightDecay", "weight decay of adamw (>= 0)", ParamValidators.gtEq(0));
        clipNorm = new DoubleParam(
                uid, "clipNorm", "greatest norm of all gradients together (> 0)", ParamValidators.gt(0));
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
        setDefault(featuresCol, "features");
        setDefault(labelCol, "label");
        setDefault(predictionCol, "prediction");
        setDefault(loraConfig, LoRAConfig.builder().build());
        setDefault(loss, LossName.SOFTMAX_CROSS_ENTROPY.text());
        setDefault(optimizer, OptimizerName.ADAM.text());
        setDefault(learningRate, 1e-3);
        setDefault(weightDecay, 0.01);
        setDefault(batchSize, 1024);
        setDefault(localSteps, 0);
        setDefault(aggregation, Aggregation.AVERAGE.text());
        setDefault(checkpointInterval, 100);
        setDefault(treeReduceBytes, 10L << 20);
    }

    @Override
    public String uid() {
        return uid;
    }

    /**
     * Returns the parameter of the file of the base network.
     *
     * @return the parameter
     */
    public Param<String> basePath() {
        return basePath;
    }

    /**
     * Sets the file of the base network.
     *
     * @param value a file that Network.save wrote, on any file system of Hadoop
     * @return this
     */
    public LoRAEstimator setBasePath(String value) {
        set(basePath, value);
        return this;
    }

    /**
     * Returns the parameter of the column of the features.
     *
     * @return the parameter
     */
    public Param<String> featuresCol() {
        return featuresCol;
    }

    /**
     * Sets the column of the features.
     *
     * @param value a column of vectors or arrays of numbers
     * @return this
     */
    public LoRAEstimator setFeaturesCol(String value) {
        set(featuresCol, value);
        return this;
    }

    /**
     * Returns the parameter of the column of the labels.
     *
     * @return the parameter
     */
    public Param<String> labelCol() {
        return labelCol;
    }

    /**
     * Sets the column of the labels.
     *
     * @param value a column of class numbers, vectors or arrays
     * @return this
     */
    public LoRAEstimator setLabelCol(String value) {
        set(labelCol, value);
        return this;
    }

    /**
     * Returns the parameter of the column that orders the rows.
     *
     * @return the parameter
     */
    public Param<String> idCol() {
        return idCol;
    }

    /**
     * Sets the column that orders the rows.
     *
     * @param value a column of distinct ids
     * @return this
     */
    public LoRAEstimator setIdCol(String value) {
        set(idCol, value);
        return this;
    }

    /**
     * Returns the parameter of the column that the trained transformer adds.
     *
     * @return the parameter
     */
    public Param<String> predictionCol() {
        return predictionCol;
    }

    /**
     * Sets the column that the trained transformer adds.
     *
     * @param value a new column
     * @return this
     */
    public LoRAEstimator setPredictionCol(String value) {
        set(predictionCol, value);
        return this;
    }

    /**
     * Returns the parameter of the configuration of the adapter.
     *
     * @return the parameter
     */
    public Param<LoRAConfig> loraConfig() {
        return loraConfig;
    }

    /**
     * Sets the configuration of the adapter.
     *
     * @param value every field of it; those with parameters of their own replace it
     * @return this
     */
    public LoRAEstimator setLoraConfig(LoRAConfig value) {
        set(loraConfig, value);
        return this;
    }

    /**
     * Returns the parameter of the rank of the adapter.
     *
     * @return the parameter
     */
    public IntParam rank() {
        return rank;
    }

    /**
     * Sets the rank of the adapter.
     *
     * @param value r, at least 1
     * @return this
     */
    public LoRAEstimator setRank(int value) {
        set(rank, value);
        return this;
    }

    /**
     * Returns the parameter of the numerator of the scale α/r.
     *
     * @return the parameter
     */
    public DoubleParam alpha() {
        return alpha;
    }

    /**
     * Sets the numerator of the scale α/r.
     *
     * @param value α, positive
     * @return this
     */
    public LoRAEstimator setAlpha(double value) {
        set(alpha, value);
        return this;
    }

    /**
     * Returns the parameter of the probability with which an input of A is set to zero in training.
     *
     * @return the parameter
     */
    public DoubleParam dropout() {
        return dropout;
    }

    /**
     * Sets the probability with which an input of A is set to zero in training.
     *
     * @param value a probability in [0, 1)
     * @return this
     */
    public LoRAEstimator setDropout(double value) {
        set(dropout, value);
        return this;
    }

    /**
     * Returns the parameter of the adapted layers.
     *
     * @return the parameter
     */
    public StringArrayParam targetModules() {
        return targetModules;
    }

    /**
     * Sets the adapted layers.
     *
     * @param value paths, or their last parts
     * @return this
     */
    public LoRAEstimator setTargetModules(String... value) {
        set(targetModules, value);
        return this;
    }

    /**
     * Returns the parameter of the seed.
     *
     * @return the parameter
     */
    public LongParam seed() {
        return seed;
    }

    /**
     * Sets the seed.
     *
     * @param value the seed of initialization, dropout, and the order of rows without ids
     * @return this
     */
    public LoRAEstimator setSeed(long value) {
        set(seed, value);
        return this;
    }

    /**
     * Returns the parameter of the loss.
     *
     * @return the parameter
     */
    public Param<String> loss() {
        return loss;
    }

    /**
     * Sets the loss.
     *
     * @param value softmaxCrossEntropy, meanSquaredError or multiLabel
     * @return this
     */
    public LoRAEstimator setLoss(String value) {
        set(loss, value);
        return this;
    }

    /**
     * Returns the parameter of the updater.
     *
     * @return the parameter
     */
    public Param<String> optimizer() {
        return optimizer;
    }

    /**
     * Sets the updater.
     *
     * @param value sgd, momentum, rmsprop, adam or adamw
     * @return this
     */
    public LoRAEstimator setOptimizer(String value) {
        set(optimizer, value);
        return this;
    }

    /**
     * Returns the parameter of the learning rate.
     *
     * @return the parameter
     */
    public DoubleParam learningRate() {
        return learningRate;
    }

    /**
     * Sets the learning rate.
     *
     * @param value a positive number
     * @return this
     */
    public LoRAEstimator setLearningRate(double value) {
        set(learningRate, value);
        return this;
    }

    /**
     * Returns the parameter of the weight decay of adamw.
     *
     * @return the parameter
     */
    public DoubleParam weightDecay() {
        return weightDecay;
    }

    /**
     * Sets the weight decay of adamw.
     *
     * @param value a number that is not negative
     * @return this
     */
    public LoRAEstimator setWeightDecay(double value) {
        set(weightDecay, value);
        return this;
    }

    /**
     * Returns the parameter of the greatest norm of all gradients together.
     *
     * @return the parameter
     */
    public DoubleParam clipNorm() {
        return clipNorm;
    }

    /**
     * Sets the greatest norm of all gradients together.
     *
     * @param value a positive number
     * @return this
     */
    public LoRAEstimator setClipNorm(double value) {
        set(clipNorm, value);
        return this;
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
        set(batchSize, value);
        return this;
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
        set(epochs, value);
        return this;
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
        set(maxIter, value);
        return this;
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
        set(numWorkers, value);
        return this;
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
        set(localSteps, value);
        return this;
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
        set(aggregation, value);
        return this;
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
        set(checkpointPath, value);
        return this;
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
        set(checkpointInterval, value);
        return this;
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
        set(treeReduceBytes, value);
        return this;
    }

    /**
     * Sets what is told of each round. It is not part of the parameters, and is not saved.
     *
     * @param value the listener
     * @return this
     */
    public LoRAEstimator setListener(RoundListener value) {
        listener = value;
        return this;
    }

    @Nullable
    RoundListener listener() {
        return listener;
    }

    /**
     * Returns the configuration of the adapter: {@link #loraConfig} with the values of rank, alpha, dropout, targetModules and
     * seed that are set.
     *
     * @return the configuration
     * @throws IllegalArgumentException if the values do not fit together
     */
    public LoRAConfig adapterConfig() {
        LoRAConfigBuilder builder = getOrDefault(loraConfig).toBuilder();
        if (isSet(rank)) {
            builder.rank((int) getOrDefault(rank));
        }
        if (isSet(alpha)) {
            builder.alpha((double) getOrDefault(alpha));
        }
        if (isSet(dropout)) {
            builder.dropout((double) getOrDefault(dropout));
        }
        if (isSet(targetModules)) {
            builder.targetModules(TargetModules.of(getOrDefault(targetModules)));
        }
        if (isSet(seed)) {
            builder.seed((long) getOrDefault(seed));
        }
        return builder.build();
    }

    /**
     * Trains an adapter. The table is read several times; cache it if that is expensive.
     *
     * @param dataset the table
     * @return the base with the trained adapter
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     * @throws org.lora4j.train.DivergedException if the loss or a parameter is no longer finite
     */
    @Override
    public LoRATransformer fit(Dataset<?> dataset) {
        transformSchema(dataset.schema());
        AdapterBytes adapter = new Training(this, dataset).run();
        LoRATransformer transformer = new LoRATransformer(Identifiable.randomUID("loraModel"), adapter)
                .setBasePath(getOrDefault(basePath))
                .setFeaturesCol(getOrDefault(featuresCol))
                .setPredictionCol(getOrDefault(predictionCol));
        return transformer.setParent(this);
    }

    /**
     * Checks the columns, and adds that of the prediction.
     *
     * @param schema the columns of a table
     * @return the columns of the transformed table
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public StructType transformSchema(StructType schema) {
        if (!isDefined(basePath)) {
            throw new IllegalArgumentException("basePath must be set to the file of the base network, found none");
        }
        Columns.requireNumbers(schema, "featuresCol", getOrDefault(featuresCol));
        Columns.requireLabel(schema, "labelCol", getOrDefault(labelCol));
        if (isDefined(idCol)) {
            Columns.require(schema, "idCol", getOrDefault(idCol));
        }
        return LoRATransformer.withPrediction(schema, getOrDefault(predictionCol), false);
    }

    @Override
    public LoRAEstimator copy(ParamMap extra) {
        LoRAEstimator copy = defaultCopy(extra);
        copy.listener = listener;
        return copy;
    }

    @Override
    public MLWriter write() {
        return DefaultParamsWritable.super.write();
    }

    @Override
    public void save(String path) throws IOException {
        write().save(path);
    }

    /**
     * Returns what loads saved estimators.
     *
     * @return a reader
     */
    public static MLReader<LoRAEstimator> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Loads a saved estimator.
     *
     * @param path the folder
     * @return the estimator
     */
    public static LoRAEstimator load(String path) {
        return read().load(path);
    }
}
