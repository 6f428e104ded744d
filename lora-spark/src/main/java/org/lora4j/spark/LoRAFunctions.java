package org.lora4j.spark;

import java.util.List;
import java.util.Objects;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.api.java.UDF1;
import org.apache.spark.sql.api.java.UDF2;
import org.apache.spark.sql.api.java.UDF3;
import org.apache.spark.sql.types.DataType;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.param.InvalidRows;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.rows.InputColumns;
import org.lora4j.spark.internal.rows.TableColumns;
import org.lora4j.spark.internal.score.NetworkOutputs;
import org.lora4j.spark.internal.score.ScoredRows;
import org.lora4j.spark.internal.score.ScoringColumns;
import org.lora4j.spark.internal.score.ScoringTask;

/**
 * Functions for SQL.
 *
 * <pre>{@code
 * LoRAFunctions.register(spark, "lora_score", transformer);
 * spark.sql("SELECT id, lora_score(features, tenant)[1] AS score FROM rows");
 * }</pre>
 */
public final class LoRAFunctions {
    private LoRAFunctions() {}

    /**
     * Registers a function that computes what a transformer computes: {@code f(features)}, {@code f(text, other)} if the
     * transformer has a pairCol, and with the name of the adapter as one more argument at the end if it has an adapterCol. The first
     * argument is what {@link LoRATransformer#featuresCol} may be: numbers, tokens without padding, or a text. The result is an array of floats, or a vector, as
     * {@link LoRATransformer#outputType} says; null if the row or its adapter cannot be used and
     * {@link LoRATransformer#handleInvalid} is not error.
     *
     * <p>A function gets one row at a time, so this is slower than the transformer, which computes many rows together. The base
     * is read here, and sent to each executor once; later changes of the transformer have no effect.
     *
     * @param session the session in which the function is known
     * @param name the name of the function
     * @param transformer the transformer
     * @throws IllegalArgumentException if the transformer has no basePath, has no adapter and names none with adapterPath, or with adapterCol and adapterFolder, or has
     *     a maskCol
     */
    public static void register(SparkSession session, String name, LoRATransformer transformer) {
        Objects.requireNonNull(session, "session must not be null");
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(transformer, "transformer must not be null");
        BaseColumns.requireBase(transformer);
        if (BaseColumns.mask(transformer) != null) {
            throw new IllegalArgumentException("maskCol must not be set for a function, found '"
                    + BaseColumns.mask(transformer) + "'; clear it, and give the function tokens without padding");
        }
        boolean namesAdapters = transformer.requireAdapters();
        Broadcast<ScoringTask<BaseNetwork>> task = transformer.broadcast(session);
        boolean hasPairs = BaseColumns.pair(transformer) != null;
        int arguments = 1 + (hasPairs ? 1 : 0) + (namesAdapters ? 1 : 0);
        ScoringColumns columns = new ScoringColumns(
                namesAdapters ? arguments - 1 : -1,
                -1,
                false,
                InvalidRows.of(transformer.getHandleInvalid()) == InvalidRows.ERROR
                        ? InvalidRows.ERROR
                        : InvalidRows.KEEP,
                1);
        NetworkOutputs outputs =
                new NetworkOutputs(InputColumns.of(0, hasPairs ? 1 : -1), false, transformer.outputsVectors());
        DataType type = TableColumns.outputs(transformer.outputsVectors());
        switch (arguments) {
            case 1 -> {
                UDF1<Object, Object> function = features -> score(RowFactory.create(features), task, columns, outputs);
                session.udf().register(name, function, type);
            }
            case 2 -> {
                UDF2<Object, String, Object> function =
                        (features, text) -> score(RowFactory.create(features, text), task, columns, outputs);
                session.udf().register(name, function, type);
            }
            default -> {
                UDF3<Object, String, String, Object> function = (features, other, adapter) ->
                        score(RowFactory.create(features, other, adapter), task, columns, outputs);
                session.udf().register(name, function, type);
            }
        }
    }

    /** Computes the outputs of one row in this process. */
    static Vector vector(Object features, Broadcast<ScoringTask<BaseNetwork>> task) {
        ScoringColumns columns = new ScoringColumns(-1, -1, false, InvalidRows.ERROR, 1);
        NetworkOutputs outputs = new NetworkOutputs(InputColumns.of(0, -1), false, true);
        return (Vector) score(RowFactory.create(features), task, columns, outputs);
    }

    private static Object score(
            Row row, Broadcast<ScoringTask<BaseNetwork>> task, ScoringColumns columns, NetworkOutputs outputs) {
        return new ScoredRows<>(List.of(row).iterator(), task.value().scorer(), columns, outputs)
                .next()
                .get(row.size());
    }
}
