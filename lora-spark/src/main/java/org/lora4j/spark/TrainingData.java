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
 * @param settings the columns
 * @param labels how labels are read
 */
record TrainingData(Broadcast<BaseNetwork> base, TrainingColumns settings, LabelReader labels) implements Serializable {
    private static final int FEATURES = 0;
    private static final int LABEL = 1;
    private static final int KEY = 2;
    private static final int MASK = 3;
    private static final int WEIGHT = 4;

    /**
     * Creates the shards of all workers, one in each partition. They are computed once and cached.
     *
     * @param table the table
     * @param batchSize the rows of a batch
     * @param workers the number of shards
     * @param seed the seed of the order if there is no column of ids
     */
    JavaRDD<Shard> shards(Dataset<?> table, int batchSize, int workers, long seed) {
        boolean hasIds = settings.idCol() != null;
        JavaRDD<Row> ordered = select(table, seed).orderBy("key").javaRDD();
        JavaRDD<Row> checked = ordered.mapPartitions(rows -> hasIds ? new DistinctKeys(rows) : rows);
        InputReader inputs = new InputReader(base, FEATURES, settings.maskCol() == null ? -1 : MASK);
        JavaRDD<Row> kept = settings.skipsInvalid() || settings.weightCol() != null
                ? checked.filter(row -> isUsed(inputs, row))
                : checked;
        return kept.zipWithIndex()
                .mapToPair(row ->
                        new Tuple2<>(Shard.worker(row._2(), batchSize, workers), example(inputs, row._1(), row._2())))
                .partitionBy(new HashPartitioner(workers))
                .values()
                .mapPartitions(rows -> List.of(Shard.of(rows)).iterator())
                .persist(StorageLevel.MEMORY_AND_DISK());
    }

    private Dataset<Row> select(Dataset<?> table, long seed) {
        Column features = functions.col(quoted(settings.featuresCol()));
        Column label = functions.col(quoted(settings.labelCol()));
        Column mask = settings.maskCol() == null
                ? functions.lit(null).cast(DataTypes.createArrayType(DataTypes.IntegerType))
                : functions.col(quoted(settings.maskCol()));
        Column weight = settings.weightCol() == null
                ? functions.lit(1.0)
                : functions.col(quoted(settings.weightCol())).cast(DataTypes.DoubleType);
        Column key;
        if (settings.idCol() != null) {
            key = functions.col(quoted(settings.idCol()));
        } else if (settings.weightCol() != null) {
            key = functions.xxhash64(functions.lit(seed), features, label, mask, weight);
        } else {
            key = functions.xxhash64(functions.lit(seed), features, label, mask);
        }
        return table.select(
                features.as("features"), label.as("label"), key.as("key"), mask.as("mask"), weight.as("weight"));
    }

    static String quoted(String column) {
        return "`" + column.replace("`", "``") + "`";
    }

    /** Whether a row has a weight, and can be computed if rows that cannot are left out. */
    private boolean isUsed(InputReader inputs, Row row) {
        try {
            if (weight(row) == 0) {
                return false;
            }
            if (settings.skipsInvalid()) {
                read(inputs, row, 0);
            }
            return true;
        } catch (InvalidRowException e) {
            if (settings.skipsInvalid()) {
                return false;
            }
            throw named(e, row);
        }
    }

    private Example example(InputReader inputs, Row row, long number) {
        try {
            return read(inputs, row, number);
        } catch (InvalidRowException e) {
            throw named(e, row);
        }
    }

    private InvalidRowException named(InvalidRowException e, Row row) {
        return settings.idCol() == null ? e.ofUnknownRow() : e.ofRow(row.get(KEY));
    }

    private Example read(InputReader inputs, Row row, long number) {
        Inputs input = inputs.read(row);
        double[] label = labels.read(row, LABEL);
        return new Example(
                number, input, FlatValues.rounded(label, base.value().network().dataType()), weight(row));
    }

    private static double weight(Row row) {
        double weight = Columns.numbers(row, WEIGHT, "weightCol: the weight")[0];
        if (!(weight >= 0) || Double.isInfinite(weight)) {
            throw new InvalidRowException(
                    "weightCol: the weight of a row must be finite and at least 0, found " + weight);
        }
        return weight;
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
