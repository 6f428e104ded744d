package org.lora4j.spark;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
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
 * <p><b>Encoders.</b> If {@link #basePath} is the folder of an encoder, the input is tokens or texts. With {@link #numLabels},
 * it gets a new classifier, which is trained and stored with the adapter.
 *
 * <p><b>The order of the rows</b> is that of {@link #idCol}. Without it, it is random, and depends only on the content of the
 * rows and {@link #seed}. It is the same in each epoch.
 *
 * @serial exclude
 */
public final class LoRAEstimator extends ScheduleParams implements HasBase<LoRAEstimator>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    /** The module of a classifier on an encoder. */
    private static final String CLASSIFIER = "classifier";

    private final BaseParams base;
    private final Param<String> labelCol;
    private final Param<String> idCol;
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
        super(uid);
        TextParams texts = new TextParams(uid);
        base = new BaseParams(uid, ", which the trained transformer adds");
        labelCol = texts.any(
                "labelCol",
                "column of the labels: the number of a class, or as many numbers as the network has outputs");
        idCol = texts.any(
                "idCol",
                "column of distinct ids that orders the rows; without it their order is random, and depends"
                        + " on their content and the seed");
        setDefault(labelCol, "label");
        BaseColumns.setDefaults(this);
    }

    @Override
    public Param<String> basePath() {
        return base.path();
    }

    @Override
    public Param<String> featuresCol() {
        return base.features();
    }

    @Override
    public Param<String> maskCol() {
        return base.mask();
    }

    @Override
    public Param<String> outputCol() {
        return base.output();
    }

    @Override
    public Param<String> predictionCol() {
        return base.prediction();
    }

    @Override
    public Param<String> encoderHead() {
        return base.head();
    }

    @Override
    public IntParam numLabels() {
        return base.labels();
    }

    @Override
    public IntParam maxTokens() {
        return base.tokens();
    }

    @Override
    public Param<String> fingerprintCheck() {
        return base.check();
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
        return (LoRAEstimator) set(labelCol, value);
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
        return (LoRAEstimator) set(idCol, value);
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
     * seed that are set, and with the new classifier of an encoder among its modulesToSave if {@link #numLabels} is set.
     *
     * @return the configuration
     * @throws IllegalArgumentException if the values do not fit together
     */
    public LoRAConfig adapterConfig() {
        LoRAConfigBuilder builder = getOrDefault(loraConfig()).toBuilder();
        if (isSet(rank())) {
            builder.rank((int) getOrDefault(rank()));
        }
        if (isSet(alpha())) {
            builder.alpha((double) getOrDefault(alpha()));
        }
        if (isSet(dropout())) {
            builder.dropout((double) getOrDefault(dropout()));
        }
        if (isSet(targetModules())) {
            builder.targetModules(TargetModules.of(getOrDefault(targetModules())));
        }
        if (isSet(seed())) {
            builder.seed((long) getOrDefault(seed()));
        }
        List<String> saved = getOrDefault(loraConfig()).modulesToSave();
        boolean isNew = isDefined(numLabels()) && EncoderHead.of(getOrDefault(encoderHead())) != EncoderHead.EMBEDDING;
        if (isNew && !saved.contains(CLASSIFIER)) {
            builder.modulesToSave(
                    Stream.concat(saved.stream(), Stream.of(CLASSIFIER)).toList());
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
        LoRATransformer transformer = new LoRATransformer(Identifiable.randomUID("loraModel"), adapter);
        return BaseColumns.copy(this, transformer).setParent(this);
    }

    /**
     * Checks the columns, and adds those of the outputs and of the predictions.
     *
     * @param schema the columns of a table
     * @return the columns of the transformed table
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public StructType transformSchema(StructType schema) {
        BaseColumns.requireIn(this, schema);
        Columns.requireLabel(schema, "labelCol", getOrDefault(labelCol));
        if (isDefined(idCol)) {
            Columns.require(schema, "idCol", getOrDefault(idCol));
        }
        return BaseColumns.withOutputs(this, schema, false);
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
