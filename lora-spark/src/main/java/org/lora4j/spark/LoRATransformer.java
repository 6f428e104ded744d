package org.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Locale;
import java.util.Objects;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.DefaultParamsWritable;
import org.apache.spark.ml.util.Identifiable;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.FingerprintCheck;

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
public final class LoRATransformer extends Model<LoRATransformer> implements DefaultParamsWritable {
    private static final long serialVersionUID = 1L;

    private static final String ARRAY = "array";
    private static final String VECTOR = "vector";
    private static final String FAIL = "fail";
    private static final String NULL = "null";

    private final String uid;
    private final Param<String> basePath;
    private final Param<String> featuresCol;
    private final Param<String> predictionCol;
    private final Param<String> outputType;
    private final Param<String> adapterCol;
    private final Param<String> adapterFolder;
    private final Param<String> badAdapters;
    private final Param<String> reasonCol;
    private final LongParam maxAdapterBytes;
    private final IntParam batchSize;
    private final Param<String> fingerprintCheck;
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
        this.uid = uid;
        this.adapter = adapter;
        TextParams texts = new TextParams(uid);
        basePath = texts.basePath();
        featuresCol = texts.featuresCol();
        predictionCol = texts.any("predictionCol", "column of the outputs");
        outputType = texts.oneOf("outputType", "type of the outputs", ARRAY, VECTOR);
        adapterCol = texts.any("adapterCol", "column of the names of adapters; null stands for the base alone");
        adapterFolder =
                texts.any("adapterFolder", "folder with a sub-folder for each adapter, which every executor has");
        badAdapters = texts.oneOf("badAdapters", "what to do with rows whose adapter cannot be used", FAIL, NULL);
        reasonCol = texts.any("reasonCol", "column that tells why a row has no output");
        maxAdapterBytes = new LongParam(
                uid,
                "maxAdapterBytes",
                "most bytes of the adapters that an executor has loaded" + " (>= 0)",
                ParamValidators.gtEq(0));
        batchSize = new IntParam(
                uid, "batchSize", "number of rows that are computed together (>= 1)", ParamValidators.gtEq(1));
        fingerprintCheck =
                texts.oneOf("fingerprintCheck", "what to do if an adapter was saved with another base", names());
        setDefault(featuresCol, "features");
        setDefault(predictionCol, "prediction");
        setDefault(outputType, ARRAY);
        setDefault(badAdapters, FAIL);
        setDefault(reasonCol, "reason");
        setDefault(maxAdapterBytes, 256L << 20);
        setDefault(batchSize, 512);
        setDefault(fingerprintCheck, lower(FingerprintCheck.WARN));
    }

    private static String[] names() {
        return Arrays.stream(FingerprintCheck.values())
                .map(LoRATransformer::lower)
                .toArray(String[]::new);
    }

    private static String lower(FingerprintCheck check) {
        return check.name().toLowerCase(Locale.ROOT);
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
    public LoRATransformer setBasePath(String value) {
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
    public LoRATransformer setFeaturesCol(String value) {
        set(featuresCol, value);
        return this;
    }

    /**
     * Returns the parameter of the column of the outputs.
     *
     * @return the parameter
     */
    public Param<String> predictionCol() {
        return predictionCol;
    }

    /**
     * Sets the column of the outputs.
     *
     * @param value a new column
     * @return this
     */
    public LoRATransformer setPredictionCol(String value) {
        set(predictionCol, value);
        return this;
    }

    /**
     * Returns the parameter of the type of the outputs.
     *
     * @return the parameter
     */
    public Param<String> outputType() {
        return outputType;
    }

    /**
     * Sets the type of the outputs.
     *
     * @param value array or vector
     * @return this
     */
    public LoRATransformer setOutputType(String value) {
        set(outputType, value);
        return this;
    }

    /**
     * Returns the parameter of the column that names the adapter of each row.
     *
     * @return the parameter
     */
    public Param<String> adapterCol() {
        return adapterCol;
    }

    /**
     * Sets the column that names the adapter of each row.
     *
     * @param value a column of strings; null stands for the base alone
     * @return this
     */
    public LoRATransformer setAdapterCol(String value) {
        set(adapterCol, value);
        return this;
    }

    /**
     * Returns the parameter of the folder in which each adapter has a sub-folder of its name.
     *
     * @return the parameter
     */
    public Param<String> adapterFolder() {
        return adapterFolder;
    }

    /**
     * Sets the folder in which each adapter has a sub-folder of its name.
     *
     * @param value a path that every executor has, such as a mounted share
     * @return this
     */
    public LoRATransformer setAdapterFolder(String value) {
        set(adapterFolder, value);
        return this;
    }

    /**
     * Returns the parameter of what to do with rows whose adapter is unknown or cannot be loaded.
     *
     * @return the parameter
     */
    public Param<String> badAdapters() {
        return badAdapters;
    }

    /**
     * Sets what to do with rows whose adapter is unknown or cannot be loaded.
     *
     * @param value fail or null
     * @return this
     */
    public LoRATransformer setBadAdapters(String value) {
        set(badAdapters, value);
        return this;
    }

    /**
     * Returns the parameter of the column that tells why a row has no output.
     *
     * @return the parameter
     */
    public Param<String> reasonCol() {
        return reasonCol;
    }

    /**
     * Sets the column that tells why a row has no output.
     *
     * @param value a new column of strings, null where there is an output
     * @return this
     */
    public LoRATransformer setReasonCol(String value) {
        set(reasonCol, value);
        return this;
    }

    /**
     * Returns the parameter of how many bytes the adapters that an executor has loaded may take.
     *
     * @return the parameter
     */
    public LongParam maxAdapterBytes() {
        return maxAdapterBytes;
    }

    /**
     * Sets how many bytes the adapters that an executor has loaded may take.
     *
     * @param value a number of bytes; those that were not used for the longest time are dropped
     * @return this
     */
    public LoRATransformer setMaxAdapterBytes(long value) {
        set(maxAdapterBytes, value);
        return this;
    }

    /**
     * Returns the parameter of the number of rows that are computed together.
     *
     * @return the parameter
     */
    public IntParam batchSize() {
        return batchSize;
    }

    /**
     * Sets the number of rows that are computed together.
     *
     * @param value at least 1
     * @return this
     */
    public LoRATransformer setBatchSize(int value) {
        set(batchSize, value);
        return this;
    }

    /**
     * Returns the parameter of what to do if an adapter was saved with another base.
     *
     * @return the parameter
     */
    public Param<String> fingerprintCheck() {
        return fingerprintCheck;
    }

    /**
     * Sets what to do if an adapter was saved with another base.
     *
     * @param value ignore, warn or require
     * @return this
     */
    public LoRATransformer setFingerprintCheck(String value) {
        set(fingerprintCheck, value);
        return this;
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
     * Adds the outputs to a table.
     *
     * @param dataset the table
     * @return the table with the column of the outputs, and that of the reasons if bad adapters do not fail
     * @throws IllegalArgumentException if a parameter is missing, or a column is missing or has another type
     */
    @Override
    public Dataset<Row> transform(Dataset<?> dataset) {
        StructType schema = transformSchema(dataset.schema());
        Broadcast<ScoringTask> task = broadcast(dataset.sparkSession());
        ScoringColumns columns = columns(dataset.schema());
        return dataset.toDF()
                .mapPartitions(
                        (MapPartitionsFunction<Row, Row>)
                                rows -> new ScoredRows(rows, task.value().scorer(), columns),
                        Encoders.row(schema));
    }

    private Broadcast<ScoringTask> broadcast(SparkSession session) {
        Configuration hadoop = session.sessionState().newHadoopConf();
        JavaSparkContext spark = JavaSparkContext.fromSparkContext(session.sparkContext());
        Broadcast<BaseNetwork> base = spark.broadcast(BaseNetwork.read(getOrDefault(basePath), hadoop));
        return spark.broadcast(new ScoringTask(
                base,
                isDefined(adapterCol) ? null : Objects.requireNonNull(adapter),
                isDefined(adapterCol) ? getOrDefault(adapterFolder) : null,
                (long) getOrDefault(maxAdapterBytes),
                FingerprintCheck.valueOf(getOrDefault(fingerprintCheck).toUpperCase(Locale.ROOT))));
    }

    private ScoringColumns columns(StructType schema) {
        return new ScoringColumns(
                schema.fieldIndex(getOrDefault(featuresCol)),
                isDefined(adapterCol) ? schema.fieldIndex(getOrDefault(adapterCol)) : -1,
                hasReason(),
                getOrDefault(outputType).equals(VECTOR),
                getOrDefault(badAdapters).equals(FAIL),
                (int) getOrDefault(batchSize));
    }

    private boolean hasReason() {
        return isDefined(adapterCol) && getOrDefault(badAdapters).equals(NULL);
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
        if (!isDefined(basePath)) {
            throw new IllegalArgumentException("basePath must be set to the file of the base network, found none");
        }
        Columns.requireNumbers(schema, "featuresCol", getOrDefault(featuresCol));
        if (isDefined(adapterCol)) {
            Columns.requireText(schema, "adapterCol", getOrDefault(adapterCol));
            if (!isDefined(adapterFolder)) {
                throw new IllegalArgumentException(
                        "adapterFolder must be set if adapterCol is, found none; set the folder of the adapters");
            }
        } else if (adapter == null) {
            throw new IllegalArgumentException("adapterCol must be set if the transformer has no adapter of its own,"
                    + " found none; set it and adapterFolder, or train an adapter with LoRAEstimator");
        }
        StructType scored = withPrediction(
                schema, getOrDefault(predictionCol), getOrDefault(outputType).equals(VECTOR));
        if (!hasReason()) {
            return scored;
        }
        Columns.requireNew(scored, "reasonCol", getOrDefault(reasonCol));
        return scored.add(getOrDefault(reasonCol), DataTypes.StringType, true);
    }

    /** Adds the column of the outputs. */
    static StructType withPrediction(StructType schema, String column, boolean vectors) {
        Columns.requireNew(schema, "predictionCol", column);
        DataType type = vectors ? SQLDataTypes.VectorType() : DataTypes.createArrayType(DataTypes.FloatType, false);
        return schema.add(column, type, true);
    }

    @Override
    public LoRATransformer copy(ParamMap extra) {
        LoRATransformer copy = new LoRATransformer(uid, adapter);
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
