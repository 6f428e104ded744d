package org.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;

/**
 * Computes the outputs of a network with an adapter: with the one that {@link LoRAEstimator} trained, or with another one for
 * each row.
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
 * {@link org.lora4j.io.PeftAdapters#saveAll} or Python's PEFT wrote.
 *
 * <p>A saved transformer has its adapter in the folder {@code adapter} in PEFT's form. The base is not saved with it; its
 * path is.
 *
 * @serial exclude
 */
public final class LoRATransformer extends ScoringParams implements HasBase<LoRATransformer>, DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private final BaseParams base;
    private @Nullable AdapterBytes adapter;

    /** Creates a transformer without an adapter of its own, for tables that name an adapter in each row. */
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
        base = new BaseParams(uid, "");
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
     * Returns the trained adapter.
     *
     * @return the adapter, of FLOAT arrays
     * @throws IllegalStateException if this transformer has none of its own
     */
    public LoRAAdapter adapter() {
        if (adapter == null) {
            throw new IllegalStateException("the transformer must have an adapter of its own, found none; train it with"
                    + " LoRAEstimator, or name the adapters of rows with adapterCol");
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
     * @return the table with the columns of the outputs and of the predictions, and that of the reasons if bad adapters do not fail
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        Broadcast<ScoringTask> task = broadcast(dataset.sparkSession());
        BaseColumns.requireFit(this, dataset.schema(), task.value().base());
        ScoringColumns columns = columns(dataset.schema());
        return dataset.toDF()
                .mapPartitions(
                        (MapPartitionsFunction<Row, Row>)
                                rows -> new ScoredRows(rows, task.value().scorer(), columns),
                        Encoders.row(schema));
    }

    /** Sends the base and the adapter to the executors. */
    Broadcast<ScoringTask> broadcast(SparkSession session) {
        Configuration hadoop = session.sessionState().newHadoopConf();
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        Broadcast<BaseNetwork> sent =
                spark.broadcast(BaseNetwork.read(getOrDefault(basePath()), BaseColumns.encoder(this), hadoop));
        return spark.broadcast(new ScoringTask(
                sent,
                isDefined(adapterCol()) ? null : Objects.requireNonNull(adapter),
                isDefined(adapterCol()) ? getOrDefault(adapterFolder()) : null,
                (long) getOrDefault(maxAdapterBytes()),
                BaseParams.check(getOrDefault(fingerprintCheck())),
                new SerializableConfiguration(hadoop)));
    }

    private ScoringColumns columns(StructType schema) {
        String mask = BaseColumns.mask(this);
        return new ScoringColumns(
                schema.fieldIndex(getOrDefault(featuresCol())),
                mask == null ? -1 : schema.fieldIndex(mask),
                isDefined(adapterCol()) ? schema.fieldIndex(getOrDefault(adapterCol())) : -1,
                BaseColumns.hasPrediction(this),
                hasReason(),
                outputsVectors(),
                failsOnBadAdapters(),
                (int) getOrDefault(batchSize()));
    }

    private boolean hasReason() {
        return isDefined(adapterCol()) && !failsOnBadAdapters();
    }

    /**
     * Checks that there is an adapter, or that rows name theirs.
     *
     * @return whether rows name them
     */
    boolean requireAdapters() {
        if (isDefined(adapterCol())) {
            if (!isDefined(adapterFolder())) {
                throw new IllegalArgumentException(
                        "adapterFolder must be set if adapterCol is, found none; set the folder of the adapters");
            }
            return true;
        }
        if (adapter == null) {
            throw new IllegalArgumentException("adapterCol must be set if the transformer has no adapter of its own,"
                    + " found none; set it and adapterFolder, or train an adapter with LoRAEstimator");
        }
        return false;
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
            Columns.requireText(schema, "adapterCol", getOrDefault(adapterCol()));
        }
        StructType scored = BaseColumns.withOutputs(this, schema, outputsVectors());
        if (!hasReason()) {
            return scored;
        }
        Columns.requireNew(scored, "reasonCol", getOrDefault(reasonCol()));
        return scored.add(getOrDefault(reasonCol()), DataTypes.StringType, true);
    }

    @Override
    public LoRATransformer copy(ParamMap extra) {
        LoRATransformer copy = new LoRATransformer(uid(), adapter);
        return copyValues(copy, extra).setParent(parent());
    }

    @Override
    public MLWriter write() {
        MLWriter metadata = DefaultParamsWritable.super.write();
        AdapterBytes own = adapter;
        return new MLWriter() {
            @Override
            public void saveImpl(String path) {
                try {
                    metadata.save(path);
                    if (own != null) {
                        own.write(folder(path), sparkSession().sessionState().newHadoopConf());
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };
    }

    private static Path folder(String path) {
        return new Path(path, "adapter");
    }

    @Override
    public void save(String path) throws IOException {
        write().save(path);
    }

    /**
     * Returns what loads saved transformers.
     *
     * @return a reader
     */
    public static MLReader<LoRATransformer> read() {
        return new MLReader<>() {
            @Override
            public LoRATransformer load(String path) {
                LoRATransformer loaded = new DefaultParamsReader<LoRATransformer>().load(path);
                try {
                    loaded.adapter = AdapterBytes.read(
                            folder(path), sparkSession().sessionState().newHadoopConf());
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return loaded;
            }
        };
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
