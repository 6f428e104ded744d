package org.lora4j.spark;

import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.DecoderColumns;
import org.lora4j.spark.internal.train.LearnedRows;
import org.lora4j.spark.internal.train.TrainedAdapter;
import org.lora4j.spark.internal.train.Training;
import org.lora4j.spark.param.HasDecoder;
import org.lora4j.spark.param.HasTraining;
import org.lora4j.spark.param.RoundListener;

/**
 * Trains an adapter of a decoder on a table of texts or conversations.
 *
 * <pre>{@code
 * LoRACausalLMModel model = new LoRACausalLM()
 *         .setBasePath("hdfs:///models/llama")               // a folder of Hugging Face
 *         .setMessagesCol("messages").setIdCol("id")         // array<struct<role,content>>
 *         .setRank(8).setAlpha(16).setEpochs(3)
 *         .fit(table);
 * }</pre>
 *
 * <p><b>What is learned.</b> Of conversations, the messages of the assistant; of prompts with completions, the completions; of plain
 * text, each token. Plain texts are put one after the other, with the token that ends a text between them, and cut into blocks of
 * {@link #maxTokens}. There is no padding. These are the examples of {@code lora sft} and {@code lora clm} of the command line.
 *
 * <p><b>What it computes.</b> As with {@link LoRAEstimator}, each {@link #batchSize} examples are a batch, and each step is a job.
 * The loss of a batch is the mean over all its tokens that are learned, {@code L = Σ −ln p / n}: the driver weights the gradients
 * of a worker with the number of such tokens that it has. So the result is that of a {@link org.lora4j.train.Trainer} on one
 * machine, except for rounding. A worker sends the gradients of the adapter, and nothing of the base.
 *
 * @serial exclude
 */
public final class LoRACausalLM extends Estimator<LoRACausalLMModel>
        implements HasTraining<LoRACausalLM>, HasDecoder<LoRACausalLM>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private static final int BATCH = 16;
    private static final double RATE = 2e-4;

    private final String uid;
    private transient @Nullable RoundListener listener;

    /** Creates an estimator with the defaults and a random uid. */
    public LoRACausalLM() {
        this(Identifiable.randomUID("loraCausalLM"));
    }

    /**
     * Creates an estimator with the defaults. They are those of the other estimators, but batches of 16 examples, and the optimizer
     * {@code adamw} with a learning rate of 2e-4.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRACausalLM(String uid) {
        this.uid = uid;
        Defaults.decoder(this);
        Defaults.training(this);
        setDefault(batchSize(), BATCH);
        setDefault(optimizer(), OptimizerName.ADAMW.text());
        setDefault(learningRate(), RATE);
    }

    @Override
    public String uid() {
        return uid;
    }

    /**
     * Sets what is told of each round. It is not part of the parameters, and is not saved.
     *
     * @param value the listener
     * @return this
     */
    public LoRACausalLM setListener(RoundListener value) {
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
    public LoRACausalLMModel fit(Dataset<?> dataset) {
        require(dataset.schema());
        TrainedAdapter trained = new Training<>(this, new LearnedRows(this), listener, dataset).run();
        LoRACausalLMModel model = new LoRACausalLMModel(Identifiable.randomUID("loraCausalLMModel"), trained);
        DecoderColumns.copy(this, model);
        return model.setParent(this);
    }

    private void require(StructType schema) {
        BaseColumns.requireBase(this);
        DecoderColumns.of(this, schema, true);
        BaseColumns.requireRows(this, schema);
    }

    /**
     * Checks the columns, and adds those of the trained model.
     *
     * @param schema the columns of a table
     * @return the columns of the transformed table
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public StructType transformSchema(StructType schema) {
        require(schema);
        LoRACausalLMModel model = new LoRACausalLMModel(uid, null);
        DecoderColumns.copy(this, model);
        return model.withOutputs(schema);
    }

    @Override
    public LoRACausalLM copy(ParamMap extra) {
        LoRACausalLM copy = defaultCopy(extra);
        copy.listener = listener;
        return copy;
    }

    /**
     * Returns what loads saved estimators.
     *
     * @return a reader
     */
    public static MLReader<LoRACausalLM> read() {
        return new DefaultParamsReader<>();
    }

    /**
     * Loads a saved estimator.
     *
     * @param path the folder
     * @return the estimator
     */
    public static LoRACausalLM load(String path) {
        return read().load(path);
    }
}
