package org.lora4j.spark;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;
import scala.Tuple2;

/**
 * The columns of a table to train with, and the order of its rows. Each row gets a number in this order, and goes to the
 * worker that has the row's place in a batch.
 *
 * @param featuresCol vectors or arrays {@code [in]}
 * @param labelCol numbers of classes, or vectors or arrays {@code [out]}
 * @param idCol a column without nulls and duplicates to sort by; null for an order that depends on the content and a seed
 * @param in the number of features
 * @param out the number of outputs
 * @param takesClasses whether a label may be the number of a class
 */
record TrainingData(
        String featuresCol, String labelCol, @Nullable String idCol, long in, long out, boolean takesClasses)
        implements Serializable {
    private static final int FEATURES = 0;
    private static final int LABEL = 1;
    private static final int KEY = 2;

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
        Column key =
                idCol == null ? functions.xxhash64(functions.lit(seed), features, label) : functions.col(quoted(idCol));
        JavaRDD<Row> ordered = table.select(features.as("features"), label.as("label"), key.as("key"))
                .orderBy("key")
                .javaRDD();
        boolean hasIds = idCol != null;
        return ordered.mapPartitions(rows -> hasIds ? new DistinctKeys(rows) : rows)
                .zipWithIndex()
                .mapToPair(row -> new Tuple2<>(Shard.worker(row._2(), batchSize, workers), example(row._1(), row._2())))
                .partitionBy(new HashPartitioner(workers))
                .values()
                .mapPartitions(rows -> List.of(Shard.of(rows)).iterator())
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    private static String quoted(String column) {
        return "`" + column.replace("`", "``") + "`";
    }

    private Example example(Row row, long number) {
        float[] features =
                Columns.requireWidth(Columns.numbers(row, FEATURES, "the features"), in, "the features of a row");
        float[] label = Columns.numbers(row, LABEL, "the label");
        if (label.length == out) {
            return new Example(number, features, label);
        }
        if (label.length != 1 || !takesClasses) {
            throw new IllegalArgumentException(
                    "the label of a row must have " + out + " numbers, as the network's output"
                            + (takesClasses ? ", or be the number of a class" : "") + ", found " + label.length);
        }
        if (!(label[0] >= 0 && label[0] < out) || label[0] != Math.rint(label[0])) {
            throw new IllegalArgumentException(
                    "the label of a row must be the number of a class, from 0 to " + (out - 1) + ", found " + label[0]);
        }
        return new Example(number, features, label);
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
