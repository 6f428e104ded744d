package org.lora4j.spark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * All rows of one worker, in the order of their numbers. Worker w of W has of each batch of B rows the ones at j with
 * {@code j·W/B = w}, rounded down. So the batches do not depend on the number of workers.
 */
final class Shard implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long[] numbers;
    private final float[] features;
    private final float[] labels;

    private Shard(long[] numbers, float[] features, float[] labels) {
        this.numbers = numbers;
        this.features = features;
        this.labels = labels;
    }

    /** The worker of a row. */
    static int worker(long number, int batchSize, int workers) {
        return (int) (number % batchSize * workers / batchSize);
    }

    static Shard of(Iterator<Example> rows) {
        List<Example> all = new ArrayList<>();
        rows.forEachRemaining(all::add);
        all.sort(Comparator.comparingLong(Example::number));
        return new Shard(
                all.stream().mapToLong(Example::number).toArray(),
                flat(all.stream().map(Example::features).toList(), "features"),
                flat(all.stream().map(Example::label).toList(), "labels"));
    }

    private static float[] flat(List<float[]> rows, String what) {
        long length = rows.isEmpty() ? 0 : (long) rows.size() * rows.get(0).length;
        if (length > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException("a worker must have fewer than 2^31 numbers of " + what + ", found "
                    + length + "; set more workers");
        }
        float[] flat = new float[(int) length];
        int at = 0;
        for (float[] row : rows) {
            System.arraycopy(row, 0, flat, at, row.length);
            at += row.length;
        }
        return flat;
    }

    int size() {
        return numbers.length;
    }

    /** The rows of a batch that this worker has. */
    Range range(long batch, int batchSize) {
        int from = indexOf(batch * batchSize);
        return new Range(from, indexOf((batch + 1) * batchSize), from < size() ? numbers[from] % batchSize : 0);
    }

    private int indexOf(long number) {
        int index = Arrays.binarySearch(numbers, number);
        return index < 0 ? -index - 1 : index;
    }

    /**
     * Rows that follow each other.
     *
     * @param before the number of rows of the whole batch before them
     */
    record Range(int from, int to, long before) {
        int size() {
            return to - from;
        }
    }

    /**
     * Copies rows to arrays.
     *
     * @param type the type of the network
     * @param out the number of classes if a label is the number of a class; else the labels have this width
     * @return features {@code [n, in]} and labels {@code [n, out]}; null if there are no rows
     */
    @Nullable
    DataSet rows(Range range, DataType type, int out) {
        int n = range.size();
        if (n == 0) {
            return null;
        }
        int in = features.length / size();
        int width = labels.length / size();
        float[] x = Arrays.copyOfRange(features, range.from() * in, range.to() * in);
        float[] y = new float[n * out];
        for (int i = 0; i < n; i++) {
            if (width == out && out > 1) {
                System.arraycopy(labels, (range.from() + i) * out, y, i * out, out);
            } else if (out == 1) {
                y[i] = labels[range.from() + i];
            } else {
                y[i * out + (int) labels[range.from() + i]] = 1;
            }
        }
        return new DataSet(array(x, n, in, type), array(y, n, out, type));
    }

    private static INDArray array(float[] values, int rows, int columns, DataType type) {
        return Nd4j.createFromArray(values).reshape('c', rows, columns).castTo(type);
    }
}
