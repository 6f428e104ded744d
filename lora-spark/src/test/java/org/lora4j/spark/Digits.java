package org.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.apache.spark.ml.linalg.SQLDataTypes;
import org.apache.spark.ml.linalg.Vectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

/** A small classification with a base network, as a table of Spark and as batches of one machine. */
final class Digits {
    static final int IN = 12;
    static final int OUT = 4;

    private final int rows;
    private final float[][] features;
    private final int[] labels;

    Digits(int rows) {
        this.rows = rows;
        SplittableRandom random = new SplittableRandom(7);
        features = new float[rows][IN];
        labels = new int[rows];
        for (int i = 0; i < rows; i++) {
            labels[i] = random.nextInt(OUT);
            for (int j = 0; j < IN; j++) {
                features[i][j] = (float) (random.nextGaussian() + (j % OUT == labels[i] ? 1.5 : 0));
            }
        }
    }

    static Network network() {
        return network(DataType.FLOAT);
    }

    static Network network(DataType type) {
        return Network.builder(IN)
                .dataType(type)
                .linear("first", 16)
                .relu()
                .linear("second", OUT)
                .build(3);
    }

    /** Saves the base network, and returns its path. */
    static String base(Path folder, DataType type) {
        try {
            Path file = folder.resolve("base.safetensors");
            network(type).save(file);
            return file.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String base(Path folder) {
        return base(folder, DataType.FLOAT);
    }

    float[][] features() {
        return features;
    }

    /** The rows as a table in another order than that of their ids. */
    Dataset<Row> table(SparkSession session, int partitions, long shuffleSeed) {
        List<Row> all = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            double[] doubles = new double[IN];
            for (int j = 0; j < IN; j++) {
                doubles[j] = features[i][j];
            }
            all.add(RowFactory.create((long) i, Vectors.dense(doubles), features[i], labels[i], "tenant" + i % 3));
        }
        Collections.shuffle(all, new Random(shuffleSeed));
        StructType schema = new StructType()
                .add("id", DataTypes.LongType, false)
                .add("features", SQLDataTypes.VectorType(), false)
                .add("array", DataTypes.createArrayType(DataTypes.FloatType, false), false)
                .add("label", DataTypes.IntegerType, false)
                .add("tenant", DataTypes.StringType, false);
        return session.createDataFrame(all, schema).repartition(partitions);
    }

    /** The rows as batches, in the order of their ids. */
    List<Batch> batches(int size, DataType type) {
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < rows; from += size) {
            int n = Math.min(size, rows - from);
            float[] x = new float[n * IN];
            float[] y = new float[n * OUT];
            for (int i = 0; i < n; i++) {
                System.arraycopy(features[from + i], 0, x, i * IN, IN);
                y[i * OUT + labels[from + i]] = 1;
            }
            batches.add(new Batch(
                    Input.of(Nd4j.createFromArray(x).reshape('c', n, IN).castTo(type)),
                    Nd4j.createFromArray(y).reshape('c', n, OUT).castTo(type)));
        }
        return batches;
    }
}
