package org.lora4j.spark;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.Model;
import org.apache.spark.ml.param.IntParam;
import org.apache.spark.ml.param.LongParam;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamValidators;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.SentBase;
import org.lora4j.spark.internal.param.Choice;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.param.TextParam;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.internal.score.ScoringColumns;
import org.lora4j.spark.internal.score.ScoringTask;
import org.lora4j.spark.param.HasBase;

/**
 * The parameters of a transformer that say which adapters it uses, and how it adds the outputs.
 *
 * @param <M> the type of the transformer, which the setters return
 * @serial exclude
 */
@SuppressWarnings("unchecked") // Spark's set returns this.
abstract class ScoringParams<M extends ScoringParams<M>> extends Model<M> {
    private static final long serialVersionUID = 1L;

    private final String uid;

    ScoringParams(String uid) {
        this.uid = uid;
        setDefault(reasonCol(), "reason");
        setDefault(maxAdapterBytes(), 256L << 20);
        setDefault(batchSize(), 512);
    }

    @Override
    public String uid() {
        return uid;
    }

    /** {@return the parameter of the column that names the adapter of each row} */
    public Param<String> adapterCol() {
        return TextParam.any(this, "adapterCol", "column of the names of adapters; null stands for the base alone");
    }

    /**
     * Sets the column that names the adapter of each row.
     *
     * @param value a column of strings; null stands for the base alone
     * @return this
     */
    public M setAdapterCol(String value) {
        return (M) set(adapterCol(), value);
    }

    /** {@return the parameter of the folder in which each adapter has a sub-folder of its name} */
    public Param<String> adapterFolder() {
        return TextParam.any(
                this,
                "adapterFolder",
                "folder with a sub-folder for each adapter, on any file system of Hadoop that every executor"
                        + " reaches");
    }

    /**
     * Sets the folder in which each adapter has a sub-folder of its name.
     *
     * @param value a path of any file system of Hadoop. A path of {@code file:}, such as a mounted share, must be there on every
     *     executor
     * @return this
     */
    public M setAdapterFolder(String value) {
        return (M) set(adapterFolder(), value);
    }

    /** {@return the parameter of the folder of the adapter that all rows have} */
    public Param<String> adapterPath() {
        return TextParam.any(
                this, "adapterPath", "folder of the adapter that all rows have, on any file system of Hadoop");
    }

    /**
     * Sets the folder of the adapter that all rows have. The driver reads it, and sends it to the executors.
     *
     * @param value a folder in PEFT's form, of any file system of Hadoop. All rows have this adapter in place of a trained one
     * @return this
     */
    public M setAdapterPath(String value) {
        return (M) set(adapterPath(), value);
    }

    /** {@return the parameter of the column that tells why a row has no output} */
    public Param<String> reasonCol() {
        return TextParam.any(this, "reasonCol", "column that tells why a row has no output, if handleInvalid is keep");
    }

    /**
     * Sets the column that tells why a row has no output.
     *
     * @param value a new column of strings, null where there is an output
     * @return this
     */
    public M setReasonCol(String value) {
        return (M) set(reasonCol(), value);
    }

    /** {@return the parameter of how many bytes the adapters that an executor has loaded may take} */
    public LongParam maxAdapterBytes() {
        return new LongParam(
                this,
                "maxAdapterBytes",
                "most bytes of the adapters that an executor has loaded (>= 0)",
                ParamValidators.gtEq(0));
    }

    /**
     * Sets how many bytes the adapters that an executor has loaded may take.
     *
     * @param value a number of bytes; those that were not used for the longest time are dropped
     * @return this
     */
    public M setMaxAdapterBytes(long value) {
        return (M) set(maxAdapterBytes(), value);
    }

    /** {@return the parameter of the number of rows that are computed together} */
    public IntParam batchSize() {
        return new IntParam(
                this, "batchSize", "number of rows that are computed together (>= 1)", ParamValidators.gtEq(1));
    }

    /**
     * Sets the number of rows that are computed together.
     *
     * @param value at least 1
     * @return this
     */
    public M setBatchSize(int value) {
        return (M) set(batchSize(), value);
    }

    /** Whether there is a column that tells why a row has no output. */
    final boolean hasReason(InvalidRows invalid) {
        return invalid == InvalidRows.KEEP && !getOrDefault(reasonCol()).isEmpty();
    }

    /**
     * Checks that there is one adapter for all rows, or that rows name theirs.
     *
     * @param own the adapter of the model, or null
     * @param estimator what trains one
     * @return whether rows name them
     */
    final boolean requireAdapters(@Nullable AdapterBytes own, String estimator) {
        if (isDefined(adapterCol())) {
            if (isDefined(adapterPath())) {
                throw new IllegalArgumentException("adapterPath must not be set if adapterCol is, found '"
                        + getOrDefault(adapterPath()) + "'; clear one of the two");
            }
            if (!isDefined(adapterFolder())) {
                throw new IllegalArgumentException(
                        "adapterFolder must be set if adapterCol is, found none; set the folder of the adapters");
            }
            return true;
        }
        if (own == null && !isDefined(adapterPath())) {
            throw new IllegalArgumentException("adapterCol or adapterPath must be set if the transformer has no adapter"
                    + " of its own, found none; set adapterPath to the folder of an adapter, or adapterCol and"
                    + " adapterFolder, or train an adapter with " + estimator);
        }
        return false;
    }

    /**
     * Sends a base and the adapter to the executors.
     *
     * @param all that of all rows; null if rows name theirs
     */
    final <B extends SentBase> Broadcast<ScoringTask<B>> broadcast(
            JavaSparkContext spark, B base, @Nullable AdapterBytes all, String check, Configuration hadoop) {
        return spark.broadcast(new ScoringTask<>(
                spark.broadcast(base),
                all,
                isDefined(adapterCol()) ? getOrDefault(adapterFolder()) : null,
                (long) getOrDefault(maxAdapterBytes()),
                Choice.of(FingerprintCheck.class, check),
                new SerializableConfiguration(hadoop)));
    }

    /** The adapter of all rows; null if rows name theirs. */
    final @Nullable AdapterBytes adapterOfAllRows(@Nullable AdapterBytes own, Configuration hadoop) {
        if (isDefined(adapterCol())) {
            return null;
        }
        if (!isDefined(adapterPath())) {
            return own;
        }
        String path = getOrDefault(adapterPath());
        try {
            AdapterBytes adapter = AdapterBytes.require(new Path(path), hadoop);
            // A broken file is found here, before a job begins.
            adapter.adapter();
            return adapter;
        } catch (IOException | RuntimeException e) {
            throw new IllegalArgumentException(
                    "adapterPath must be the folder of an adapter in PEFT's form, found " + path + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** How the rows of a table are read and completed. */
    final ScoringColumns columns(HasBase<?> stage, StructType schema) {
        InvalidRows invalid = InvalidRows.of(stage.getHandleInvalid());
        return new ScoringColumns(
                isDefined(adapterCol()) ? schema.fieldIndex(getOrDefault(adapterCol())) : -1,
                BaseColumns.key(stage, schema),
                hasReason(invalid),
                invalid,
                (int) getOrDefault(batchSize()));
    }

    /** Adds the column of the reasons, if there is one. */
    final StructType withReason(StructType schema, InvalidRows invalid) {
        if (!hasReason(invalid)) {
            return schema;
        }
        TableColumns.requireNew(schema, "reasonCol", getOrDefault(reasonCol()));
        return schema.add(getOrDefault(reasonCol()), DataTypes.StringType, true);
    }
}
