package org.lora4j.spark;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * The columns of a table to train with, and the order of its rows. Each row gets a number in this order, and goes to the
 * worker that has the row's place in a batch.
 *
 * @param base the base
 * @param featuresCol the input
 * @param maskCol the mask of tokens; null for none
 * @param labelCol numbers of classes, or vectors or arrays {@code [out]}
 * @param idCol a column without nulls and duplicates to sort by; null for an order that depends on the content and a seed
 * @param out the number of outputs
 * @param takesClasses whether a label may be the number of a class
 */
record TrainingData(
        Broadcast<BaseNetwork> base,
        String featuresCol,
        @Nullable String maskCol,
        String labelCol,
        @Nullable String idCol,
        long out,
        boolean takesClasses)
        implements Serializable {
    private static final int FEATURES = 0;
    private static final int LABEL = 1;
    private static final int KEY = 2;
    private static final int MASK = 3;

    /**
     * Creates the shards of all workers, one in each partition. They are computed once and cached.
     *
     * @param table the table
     * @param batchSize the rows of a batch
     * @param workers the number of shards
     * @param seed the seed of the order if there is no column of ids
     */
    JavaRDD<Shard> shards(Dataset<?> table, int batchSize, int workers, long seed) {
        Column features = functions.col(quoted(featuresCol));
        Column label = functions.col(quoted(labelCol));
        Column mask = maskCol == null
                ? functions.lit(null).cast(DataTypes.createArrayType(DataTypes.IntegerType))
                : functions.col(quoted(maskCol));
        Column key = idCol == null
                ? functions.xxhash64(functions.lit(seed), features, label, mask)
                : functions.col(quoted(idCol));
        JavaRDD<Row> ordered = table.select(features.as("features"), label.as("label"), key.as("key"), mask.as("mask"))
                .orderBy("key")
                .javaRDD();
        boolean hasIds = idCol != null;
        InputReader inputs = new InputReader(base, FEATURES, maskCol == null ? -1 : MASK);
        return ordered.mapPartitions(rows -> hasIds ? new DistinctKeys(rows) : rows)
                .zipWithIndex()
                .mapToPair(row ->
                        new Tuple2<>(Shard.worker(row._2(), batchSize, workers), example(inputs, row._1(), row._2())))
                .partitionBy(new HashPartitioner(workers))
                .values()
                .mapPartitions(rows -> List.of(Shard.of(rows)).iterator())
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    private static String quoted(String column) {
        return "`" + column.replace("`", "``") + "`";
    }

    private Example example(InputReader inputs, Row row, long number) {
        Inputs input = inputs.read(row);
        double[] label = Columns.numbers(row, LABEL, "the label");
        if (label.length != out) {
            requireClass(label);
        }
        return new Example(
                number, input, FlatValues.rounded(label, base.value().network().dataType()));
    }

    private void requireClass(double[] label) {
        if (label.length != 1 || !takesClasses) {
            throw new IllegalArgumentException(
                    "the label of a row must have " + out + " numbers, as the network's output"
                            + (takesClasses ? ", or be the number of a class" : "") + ", found " + label.length);
        }
        if (!(label[0] >= 0 && label[0] < out) || label[0] != Math.rint(label[0])) {
            throw new IllegalArgumentException(
                    "the label of a row must be the number of a class, from 0 to " + (out - 1) + ", found " + label[0]);
        }
    }

    /** Refuses keys that are null or equal, between which the order would change from run to run. */
    private static final class DistinctKeys implements Iterator<Row> {
        private final Iterator<Row> rows;
        private @Nullable Object last;

        DistinctKeys(Iterator<Row> rows) {
            this.rows = rows;
        }

        @Override
        public boolean hasNext() {
            return rows.hasNext();
        }

        @Override
        public Row next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Row row = rows.next();
            Object key = row.get(KEY);
            if (key == null || key.equals(last)) {
                throw new IllegalArgumentException("idCol: the ids must differ and not be null, found "
                        + (key == null ? "null" : key + " twice")
                        + "; use a column of distinct ids, or set none to order rows by their content");
            }
            last = key;
            return row;
        }
    }
}
