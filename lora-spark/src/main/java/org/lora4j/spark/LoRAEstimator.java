package org.lora4j.spark;

import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.spark.internal.param.LossName;
import org.lora4j.spark.internal.param.TextParam;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.train.LabelledRows;
import org.lora4j.spark.internal.train.Training;
import org.lora4j.spark.param.HasLabel;
import org.lora4j.spark.param.HasOutput;
import org.lora4j.spark.param.RoundListener;

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
public final class LoRAEstimator extends Estimator<LoRATransformer>
        implements HasLabel<LoRAEstimator>, HasOutput<LoRAEstimator>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final String uid;
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
        Defaults.output(this);
        Defaults.training(this);
        setDefault(labelCol(), "label");
        setDefault(loss(), LossName.SOFTMAX_CROSS_ENTROPY.text());
    }

    @Override
    public String uid() {
        return uid;
    }

    @Override
    public Param<String> labelCol() {
        return TextParam.any(
                this,
                "labelCol",
                "column of the labels: the number of a class, or as many numbers as the network has outputs");
    }

    /** {@return the parameter of the loss} */
    public Param<String> loss() {
        return TextParam.oneOf(this, "loss", "loss", LossName.texts());
    }

    /**
     * Sets the loss.
     *
     * @param value softmaxCrossEntropy, meanSquaredError or multiLabel
     * @return this
     */
    public LoRAEstimator setLoss(String value) {
        return (LoRAEstimator) set(loss(), value);
    }

    /** {@return the loss} */
    public String getLoss() {
        return getOrDefault(loss());
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
        AdapterBytes adapter = new Training<>(
                        this, new LabelledRows(this, LossName.of(getLoss()), outputs -> {}), listener, dataset)
                .run()
                .adapter();
        LoRATransformer transformer = new LoRATransformer(Identifiable.randomUID("loraModel"), adapter);
        BaseColumns.copy(this, transformer);
        return transformer.setOutputCol(getOutputCol()).setParent(this);
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
        BaseColumns.requireTraining(this, schema);
        return BaseColumns.withOutputs(this, EncoderHead.of(getEncoderHead()), getOutputCol(), schema, false);
    }

    @Override
    public LoRAEstimator copy(ParamMap extra) {
        LoRAEstimator copy = defaultCopy(extra);
        copy.listener = listener;
        return copy;
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
