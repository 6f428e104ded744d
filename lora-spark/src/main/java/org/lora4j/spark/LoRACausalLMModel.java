package org.lora4j.spark;

import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.BaseDecoder;
import org.lora4j.spark.internal.base.BroadcastLimit;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.param.TextTask;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.DecoderColumns;
import org.lora4j.spark.internal.rows.DecoderReader;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.internal.score.Completions;
import org.lora4j.spark.internal.score.GeneratedRows;
import org.lora4j.spark.internal.score.ScoredRows;
import org.lora4j.spark.internal.score.ScoringColumns;
import org.lora4j.spark.internal.score.ScoringTask;
import org.lora4j.spark.internal.score.SentOptions;
import org.lora4j.spark.internal.score.TextScores;
import org.lora4j.spark.internal.train.TrainedAdapter;
import org.lora4j.spark.param.HasTextOutput;

/**
 * Scores and generates texts with a decoder and an adapter: with the one that {@link LoRACausalLM} trained, with that of a
 * folder, or with another one for each row.
 *
 * <pre>{@code
 * Dataset<Row> answered = model.setTask("generate").setMaxNewTokens(100).transform(questions);
 * Dataset<Row> scored = model.setTask("score").transform(texts);
 * }</pre>
 *
 * <p><b>Score.</b> Adds {@code logProbability}, the sum of ln p over the tokens of the answers of a conversation, of a completion, or
 * of a text; {@code tokens}, their number; and {@code perplexity}, {@code exp(−logProbability / tokens)}. The perplexity of a table is
 * {@code exp(−sum(logProbability) / sum(tokens))}. What is longer than {@link #maxTokens} is cut; plain text is scored in blocks of
 * so many tokens, and nothing predicts the first token of a block.
 *
 * <p><b>Generate.</b> Adds {@code generated}: the answer to a conversation, to a prompt as a message if the decoder has a chat
 * template, or else what follows the prompt or the text. If a conversation ends with an answer, another one is generated in its
 * place.
 *
 * <p>{@link #adapterCol} names the adapter of each row and {@link #adapterPath} that of all rows, as with {@link LoRATransformer}. A saved model has its adapter in the folder
 * {@code adapter} in PEFT's form, the path of the base, and with {@link #setSaveBase} a copy of the base too.
 *
 * @serial exclude
 */
public final class LoRACausalLMModel extends ScoringParams<LoRACausalLMModel>
        implements HasTextOutput<LoRACausalLMModel>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private static final int BATCH = 8;

    private @Nullable TrainedAdapter trained;

    /** Creates a model without an adapter of its own: {@link #adapterPath} or {@link #adapterCol} names one. */
    public LoRACausalLMModel() {
        this(Identifiable.randomUID("loraCausalLMModel"));
    }

    /**
     * Creates a model without an adapter of its own.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRACausalLMModel(String uid) {
        this(uid, null);
    }

    LoRACausalLMModel(String uid, @Nullable TrainedAdapter trained) {
        super(uid);
        this.trained = trained;
        Defaults.textOutput(this);
        setDefault(batchSize(), BATCH);
    }

    /**
     * Returns the trained adapter.
     *
     * @return the adapter, of FLOAT arrays
     * @throws IllegalStateException if this model has none of its own
     */
    public LoRAAdapter adapter() {
        return trained().adapter().adapter();
    }

    private TrainedAdapter trained() {
        if (trained == null) {
            throw new IllegalStateException("the model must have an adapter of its own, found none; train it with"
                    + " LoRACausalLM; adapterPath and adapterCol name adapters without holding them");
        }
        return trained;
    }

    /** The trained adapter in its file's form. */
    @Nullable
    AdapterBytes bytes() {
        return trained == null ? null : trained.adapter();
    }

    /**
     * Returns whether there is a summary of the training. A loaded model has none.
     *
     * @return whether there is one
     */
    public boolean hasSummary() {
        return trained != null && LoRATrainingSummary.isIn(trained);
    }

    /**
     * Returns the summary of the training.
     *
     * @return the summary
     * @throws IllegalStateException if the model was loaded, or has no adapter of its own
     */
    public LoRATrainingSummary summary() {
        return LoRATrainingSummary.of(trained());
    }

    private boolean generates() {
        return getTask().equals(TextTask.GENERATE.text());
    }

    /**
     * Adds the columns of the {@link #task}.
     *
     * @param dataset the table
     * @return the table with the columns, and that of the reasons if handleInvalid is keep
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        Configuration hadoop = dataset.sparkSession().sessionState().newHadoopConf();
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(dataset.sparkSession().sparkContext());
        BaseDecoder decoder = BaseDecoder.read(this, hadoop, BroadcastLimit.of(spark));
        decoder.maxTokens();
        Broadcast<ScoringTask<BaseDecoder>> task =
                broadcast(spark, decoder, adapterOfAllRows(bytes(), hadoop), getFingerprintCheck(), hadoop);
        ScoringColumns columns = columns(this, dataset.schema());
        DecoderReader reader = DecoderColumns.of(this, dataset.schema(), !generates())
                .reader(task.value().sentBase(), dataset.schema());
        Encoder<Row> encoder = Encoders.row(schema);
        if (generates()) {
            Completions completions = new Completions(reader, SentOptions.of(this));
            return dataset.toDF()
                    .mapPartitions(
                            (MapPartitionsFunction<Row, Row>)
                                    rows -> new GeneratedRows(rows, task.value().scorer(), columns, completions),
                            encoder);
        }
        TextScores scores = new TextScores(
                reader,
                !getLogProbabilityCol().isEmpty(),
                !getTokensCol().isEmpty(),
                !getPerplexityCol().isEmpty(),
                TextScores.MOST_LOGITS);
        return dataset.toDF()
                .mapPartitions(
                        (MapPartitionsFunction<Row, Row>)
                                rows -> new ScoredRows<>(rows, task.value().scorer(), columns, scores),
                        encoder);
    }

    /**
     * Checks the columns, and adds those of the task.
     *
     * @param schema the columns of a table
     * @return the columns of the transformed table
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public StructType transformSchema(StructType schema) {
        BaseColumns.requireBase(this);
        if (requireAdapters(bytes(), "LoRACausalLM")) {
            TableColumns.requireText(schema, "adapterCol", getOrDefault(adapterCol()));
        }
        DecoderColumns.of(this, schema, !generates());
        return withOutputs(schema);
    }

    /** Adds the columns of the task. */
    StructType withOutputs(StructType schema) {
        StructType scored = schema;
        if (generates()) {
            scored = add(scored, "generatedCol", getGeneratedCol(), DataTypes.StringType);
        } else {
            scored = add(scored, "logProbabilityCol", getLogProbabilityCol(), DataTypes.DoubleType);
            scored = add(scored, "tokensCol", getTokensCol(), DataTypes.LongType);
            scored = add(scored, "perplexityCol", getPerplexityCol(), DataTypes.DoubleType);
        }
        return withReason(scored, InvalidRows.of(getHandleInvalid()));
    }

    private static StructType add(StructType schema, String param, String column, DataType type) {
        if (column.isEmpty()) {
            return schema;
        }
        TableColumns.requireNew(schema, param, column);
        return schema.add(column, type, true);
    }

    @Override
    public LoRACausalLMModel copy(ParamMap extra) {
        LoRACausalLMModel copy = new LoRACausalLMModel(uid(), trained);
        return copyValues(copy, extra).setParent(parent());
    }

    @Override
    public MLWriter write() {
        MLWriter params = DefaultParamsWritable.super.write();
        return trained == null
                ? new AdapterWriter(params, this, (AdapterBytes) null)
                : new AdapterWriter(params, this, trained);
    }

    /**
     * Returns what loads saved models.
     *
     * @return a reader
     */
    public static MLReader<LoRACausalLMModel> read() {
        return new AdapterReader<>((loaded, adapter, folder, hadoop) ->
                loaded.trained = adapter == null ? null : TrainedAdapter.read(folder, adapter, hadoop));
    }

    /**
     * Loads a saved model.
     *
     * @param path the folder
     * @return the model
     */
    public static LoRACausalLMModel load(String path) {
        return read().load(path);
    }
}
