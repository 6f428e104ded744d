package org.lora4j.spark;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.BaseTagger;
import org.lora4j.spark.internal.base.BroadcastLimit;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.param.TextParam;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.internal.score.FoundSpans;
import org.lora4j.spark.internal.score.ScoredRows;
import org.lora4j.spark.internal.score.ScoringColumns;
import org.lora4j.spark.internal.score.ScoringTask;
import org.lora4j.spark.param.HasBase;

/**
 * Finds parts of texts, such as names, products or personal data, with an encoder or a decoder and an adapter that tags: with the
 * one that {@link LoRATokenClassifier} trained, with that of a folder, such as {@code lora tag} writes, or with another one for each row.
 *
 * <pre>{@code
 * Dataset<Row> found = new LoRATagger()
 *         .setBasePath("hdfs:///models/minilm")
 *         .setAdapterPath("hdfs:///adapters/names")
 *         .transform(table);
 * found.selectExpr("explode(spans) AS span").selectExpr("span.label", "span.text");
 * }</pre>
 *
 * <p>It adds {@code spans}, an array of structs for each row in the order of the text: {@code start} and {@code end}, which count code
 * points as Python does; {@code label}; {@code score}, the mean probability of the tags of its words; and {@code text}, its characters.
 * The tags and the numbers are those of {@link org.lora4j.text.task.Tag} in every other program.
 *
 * <p>{@link #adapterCol} names the adapter of each row and {@link #adapterPath} that of all rows, as with {@link LoRATransformer}. The
 * adapters of a table may have different labels. A saved transformer has its adapter in the folder {@code adapter} in PEFT's form, the path
 * of the base, and with {@link #setSaveBase} a copy of the base.
 *
 * @serial exclude
 */
public final class LoRATagger extends ScoringParams<LoRATagger> implements HasBase<LoRATagger>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private @Nullable AdapterBytes adapter;

    /** Creates a transformer without an adapter of its own: {@link #adapterPath} or {@link #adapterCol} names one. */
    public LoRATagger() {
        this(Identifiable.randomUID("loraTagger"));
    }

    /**
     * Creates a transformer without an adapter of its own.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRATagger(String uid) {
        this(uid, null);
    }

    LoRATagger(String uid, @Nullable AdapterBytes adapter) {
        super(uid);
        this.adapter = adapter;
        Defaults.base(this);
        setDefault(textCol(), "text");
        setDefault(spansCol(), "spans");
    }

    /**
     * Returns the trained adapter.
     *
     * @return the adapter, of FLOAT arrays
     * @throws IllegalStateException if this transformer has none of its own
     */
    public LoRAAdapter adapter() {
        if (adapter == null) {
            throw new IllegalStateException("the transformer must have an adapter of its own, found none; train it with"
                    + " LoRATokenClassifier; adapterPath and adapterCol name adapters without holding them");
        }
        return adapter.adapter();
    }

    /** {@return the parameter of the column of the texts} */
    public Param<String> textCol() {
        return TextParam.any(this, "textCol", "column of the texts");
    }

    /**
     * Sets the column of the texts.
     *
     * @param value a column of strings
     * @return this
     */
    public LoRATagger setTextCol(String value) {
        return (LoRATagger) set(textCol(), value);
    }

    /** {@return the parameter of the column of the spans} */
    public Param<String> spansCol() {
        return TextParam.any(this, "spansCol", "column of the parts that were found, which the transformer adds");
    }

    /**
     * Sets the column of the spans.
     *
     * @param value a new column
     * @return this
     */
    public LoRATagger setSpansCol(String value) {
        return (LoRATagger) set(spansCol(), value);
    }

    /** {@return the parameter of the most tokens of a window} */
    public IntParam maxTokens() {
        return new IntParam(
                this,
                "maxTokens",
                "most tokens of a window (>= 1), in which longer texts are tagged; without it, as many as the adapter and the"
                        + " files of the model say, and 512 for a decoder",
                ParamValidators.gtEq(1));
    }

    /**
     * Sets the most tokens of a window. A longer text is tagged in windows that overlap, and nothing of it is lost.
     *
     * @param value at least 1, and at most the positions of the model
     * @return this
     */
    public LoRATagger setMaxTokens(int value) {
        return (LoRATagger) set(maxTokens(), value);
    }

    /**
     * Adds the spans to a table.
     *
     * @param dataset the table
     * @return the table with the column of the spans, and that of the reasons if handleInvalid is keep
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        Configuration hadoop = dataset.sparkSession().sessionState().newHadoopConf();
        JavaSparkContext spark =
                JavaSparkContext.fromSparkContext(dataset.sparkSession().sparkContext());
        AdapterBytes all = adapterOfAllRows(adapter, hadoop);
        BaseTagger base = BaseTagger.read(
                getBasePath(),
                isDefined(maxTokens()) ? (int) getOrDefault(maxTokens()) : 0,
                hadoop,
                BroadcastLimit.of(spark));
        requireTask(base, all);
        Broadcast<ScoringTask<BaseTagger>> task = broadcast(spark, base, all, getFingerprintCheck(), hadoop);
        ScoringColumns columns = columns(this, dataset.schema());
        FoundSpans spans = new FoundSpans(dataset.schema().fieldIndex(getOrDefault(textCol())));
        return dataset.toDF()
                .mapPartitions(
                        (MapPartitionsFunction<Row, Row>)
                                rows -> new ScoredRows<>(rows, task.value().scorer(), columns, spans),
                        Encoders.row(schema));
    }

    /** An adapter for something else is found here, before a job begins. */
    private void requireTask(BaseTagger base, @Nullable AdapterBytes all) {
        if (all == null) {
            return;
        }
        try {
            base.requireTask(isDefined(adapterPath()) ? getOrDefault(adapterPath()) : "the adapter", all.task());
        } catch (IOException e) {
            throw new IllegalArgumentException("adapterPath: " + e.getMessage(), e);
        }
    }

    /**
     * Checks the columns, and adds that of the spans.
     *
     * @param schema the columns of a table
     * @return the columns of the transformed table
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public StructType transformSchema(StructType schema) {
        BaseColumns.requireBase(this);
        TableColumns.requireText(schema, "textCol", getOrDefault(textCol()));
        if (requireAdapters(adapter, "LoRATokenClassifier")) {
            TableColumns.requireText(schema, "adapterCol", getOrDefault(adapterCol()));
        }
        TableColumns.requireNew(schema, "spansCol", getOrDefault(spansCol()));
        return withReason(
                schema.add(getOrDefault(spansCol()), FoundSpans.type(), true), InvalidRows.of(getHandleInvalid()));
    }

    @Override
    public LoRATagger copy(ParamMap extra) {
        return copyValues(new LoRATagger(uid(), adapter), extra).setParent(parent());
    }

    @Override
    public MLWriter write() {
        return new AdapterWriter(DefaultParamsWritable.super.write(), this, adapter);
    }

    /**
     * Returns what loads saved transformers.
     *
     * @return a reader
     */
    public static MLReader<LoRATagger> read() {
        return new AdapterReader<>((loaded, adapter, folder, hadoop) -> loaded.adapter = adapter);
    }

    /**
     * Loads a saved transformer.
     *
     * @param path the folder
     * @return the transformer
     */
    public static LoRATagger load(String path) {
        return read().load(path);
    }
}
