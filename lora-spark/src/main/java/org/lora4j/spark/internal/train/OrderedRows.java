package org.lora4j.spark.internal.train;

import java.io.Serializable;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.InvalidRowException;
import org.lora4j.spark.internal.rows.ExampleReader;
import scala.Tuple2;

/**
 * The order of the rows of a table: that of their key, which is their first column. Each row gets a number in this order, and
 * goes to the worker that has the row's place in a batch.
 *
 * @param hasIds whether the keys are ids, which must differ; else they are hashes
 * @param leavesOut whether there may be rows that are left out
 * @param reader reads rows, and says which are left out
 */
record OrderedRows(boolean hasIds, boolean leavesOut, ExampleReader reader) implements Serializable {
    /** The name of the first column. */
    static final String KEY = "key";

    /** The rows that are trained on. */
    JavaRDD<Row> rows(Dataset<Row> selected) {
        JavaRDD<Row> ordered = selected.orderBy(KEY).javaRDD();
        JavaRDD<Row> checked = ordered.mapPartitions(rows -> hasIds ? new DistinctKeys(rows) : rows);
        return leavesOut ? checked.filter(row -> named(row, reader::isUsed)) : checked;
    }

    /** The shards of rows that are an example each. */
    JavaRDD<Shard> shards(Dataset<Row> selected, int batchSize, int workers) {
        return rows(selected)
                .zipWithIndex()
                .mapToPair(row -> new Tuple2<>(
                        Shard.worker(row._2(), batchSize, workers),
                        named(row._1(), read -> reader.read(read, row._2()))))
                .partitionBy(new HashPartitioner(workers))
                .values()
                .mapPartitions(rows -> List.of(Shard.of(rows)).iterator())
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    /** Computes something of a row, and names the row if it cannot be computed. */
    <T> T named(Row row, Function<Row, T> compute) {
        try {
            return compute.apply(row);
        } catch (InvalidRowException e) {
            throw hasIds ? e.ofRow(row.get(0)) : e.ofUnknownRow();
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
            Object key = row.get(0);
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
