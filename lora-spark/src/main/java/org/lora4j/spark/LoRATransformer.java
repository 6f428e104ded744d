package org.lora4j.spark;

import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.base.BroadcastLimit;
import org.lora4j.spark.internal.base.EncoderSettings;
import org.lora4j.spark.internal.param.EncoderHead;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.param.TextParam;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.internal.score.NetworkOutputs;
import org.lora4j.spark.internal.score.ScoredRows;
import org.lora4j.spark.internal.score.ScoringColumns;
import org.lora4j.spark.internal.score.ScoringTask;
import org.lora4j.spark.param.HasOutput;

/**
 * Computes the outputs of a network with an adapter: with the one that {@link LoRAEstimator} trained, with that of a folder, or
 * with another one for each row.
 *
 * <pre>{@code
 * Dataset<Row> scored = new LoRATransformer()
 *         .setBasePath("hdfs:///models/base.safetensors")
 *         .setAdapterCol("tenant").setAdapterFolder("/mnt/adapters")   // each in a sub-folder of its name
 *         .transform(table);
 * }</pre>
 *
 * <p>Each executor gets the base once. With {@link #adapterCol}, it loads an adapter when a row names it, keeps those that
 * were used last up to {@link #maxAdapterBytes}, and computes rows of different adapters together. The folder is one that
 * {@link org.lora4j.io.peft.PeftAdapters#saveAll} or Python's PEFT wrote.
 *
 * <p>A saved transformer has its adapter in the folder {@code adapter} in PEFT's form. It has the path of the base, and with
 * {@link #setSaveBase} a copy of the base too, which a loaded transformer uses.
 *
 * @serial exclude
 */
public final class LoRATransformer extends ScoringParams<LoRATransformer>
        implements HasOutput<LoRATransformer>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private static final String ARRAY = "array";
    private static final String VECTOR = "vector";

    private @Nullable AdapterBytes adapter;

    /** Creates a transformer without an adapter of its own: {@link #adapterPath} or {@link #adapterCol} names one. */
    public LoRATransformer() {
        this(Identifiable.randomUID("loraModel"));
    }

    /**
     * Creates a transformer without an adapter of its own.
     *
     * @param uid its name among the stages of a pipeline
     */
    public LoRATransformer(String uid) {
        this(uid, null);
    }

    LoRATransformer(String uid, @Nullable AdapterBytes adapter) {
        super(uid);
        this.adapter = adapter;
        Defaults.output(this);
        setDefault(outputType(), ARRAY);
    }

    /** {@return the parameter of the type of the outputs} */
    public Param<String> outputType() {
        return TextParam.oneOf(this, "outputType", "type of the outputs", ARRAY, VECTOR);
    }

    /**
     * Sets the type of the outputs.
     *
     * @param value array or vector
     * @return this
     */
    public LoRATransformer setOutputType(String value) {
        return (LoRATransformer) set(outputType(), value);
    }

    boolean outputsVectors() {
        return getOrDefault(outputType()).equals(VECTOR);
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
                    + " LoRAEstimator; adapterPath and adapterCol name adapters without holding them");
        }
        return adapter.adapter();
    }

    /** The trained adapter in its file's form. */
    @Nullable
    AdapterBytes bytes() {
        return adapter;
    }

    /**
     * Adds the outputs and the predictions to a table.
     *
     * @param dataset the table
     * @return the table with the columns of the outputs and of the predictions, and that of the reasons if handleInvalid is keep
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        Broadcast<ScoringTask<BaseNetwork>> task = broadcast(dataset.sparkSession());
        BaseNetwork base = task.value().base();
        BaseColumns.requireFit(this, dataset.schema(), base);
        ScoringColumns columns = columns(this, dataset.schema());
        NetworkOutputs outputs = new NetworkOutputs(
                BaseColumns.columns(this, dataset.schema()),
                BaseColumns.hasPrediction(this, base.head()),
                outputsVectors());
        return dataset.toDF()
                .mapPartitions(
                        (MapPartitionsFunction<Row, Row>)
                                rows -> new ScoredRows<>(rows, task.value().scorer(), columns, outputs),
                        Encoders.row(schema));
    }

    /** Sends the base and the adapter to the executors. */
    Broadcast<ScoringTask<BaseNetwork>> broadcast(SparkSession session) {
        Configuration hadoop = session.sessionState().newHadoopConf();
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        AdapterBytes all = adapterOfAllRows(adapter, hadoop);
        BaseNetwork read = BaseNetwork.read(getBasePath(), encoder(all), hadoop, BroadcastLimit.of(spark), true);
        return broadcast(spark, read, all, getFingerprintCheck(), hadoop);
    }

    private EncoderSettings encoder(@Nullable AdapterBytes all) {
        EncoderSettings stage = BaseColumns.encoder(this);
        return all == null ? stage : all.settings(stage);
    }

    /** What the model ends with: what the parameter says, or else the adapter of all rows. */
    private EncoderHead head() {
        EncoderHead said = EncoderHead.of(getEncoderHead());
        return isSet(encoderHead())
                ? said
                : encoder(adapterOfAllRows(
                                adapter, SparkSession.active().sessionState().newHadoopConf()))
                        .head();
    }

    /**
     * Checks that there is an adapter, or that rows name theirs.
     *
     * @return whether rows name them
     */
    boolean requireAdapters() {
        return requireAdapters(adapter, "LoRAEstimator");
    }

    /**
     * Checks the columns, and adds those of the outputs.
     *
     * @param schema the columns of a table
     * @return the columns of the transformed table
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public StructType transformSchema(StructType schema) {
        BaseColumns.requireIn(this, schema);
        if (requireAdapters()) {
            TableColumns.requireText(schema, "adapterCol", getOrDefault(adapterCol()));
        }
        StructType scored = BaseColumns.withOutputs(this, head(), getOutputCol(), schema, outputsVectors());
        return withReason(scored, InvalidRows.of(getHandleInvalid()));
    }

    @Override
    public LoRATransformer copy(ParamMap extra) {
        LoRATransformer copy = new LoRATransformer(uid(), adapter);
        return copyValues(copy, extra).setParent(parent());
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
    public static MLReader<LoRATransformer> read() {
        return new AdapterReader<>((loaded, adapter, folder, hadoop) -> loaded.adapter = adapter);
    }

    /**
     * Loads a saved transformer.
     *
     * @param path the folder
     * @return the transformer
     */
    public static LoRATransformer load(String path) {
        return read().load(path);
    }
}
