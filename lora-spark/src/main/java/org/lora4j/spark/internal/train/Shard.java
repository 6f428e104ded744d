package org.lora4j.spark.internal.train;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntBinaryOperator;
import org.lora4j.nn.Model;
import org.lora4j.spark.internal.rows.Example;
import org.lora4j.spark.internal.rows.FlatValues;
import org.lora4j.spark.internal.rows.Inputs;
import org.lora4j.spark.internal.rows.PartialLoss;
import org.lora4j.spark.internal.rows.RowHash;
import org.lora4j.train.BatchGradients;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * All rows of one worker, in the order of their numbers. Worker w of W has of each batch of B rows the ones at j with
 * {@code j·W/B = w}, rounded down. So the batches do not depend on the number of workers.
 */
final class Shard implements Serializable {
    private static final long serialVersionUID = 1L;

    private final long[] numbers;
    private final Inputs inputs;
    private final FlatValues labels;
    private final double[] weights;
    private final long hash;

    private Shard(long[] numbers, Inputs inputs, FlatValues labels, double[] weights, long hash) {
        this.numbers = numbers;
        this.inputs = inputs;
        this.labels = labels;
        this.weights = weights;
        this.hash = hash;
    }

    /** The worker of a row. */
    static int worker(long number, int batchSize, int workers) {
        return (int) (number % batchSize * workers / batchSize);
    }

    static Shard of(Iterator<Example> rows) {
        List<Example> all = new ArrayList<>();
        rows.forEachRemaining(all::add);
        all.sort(Comparator.comparingLong(Example::number));
        RowHash hash = new RowHash();
        all.forEach(hash::add);
        List<FlatValues> labels = all.stream().map(Example::label).toList();
        return new Shard(
                all.stream().mapToLong(Example::number).toArray(),
                Inputs.concat(all.stream().map(Example::input).toList()),
                labels.isEmpty()
                        ? FlatValues.rounded(new double[0], DataType.FLOAT)
                        : FlatValues.concat(labels, "labels"),
                all.stream().mapToDouble(Example::weight).toArray(),
                hash.sum());
    }

    int size() {
        return numbers.length;
    }

    /** The number of rows, and of tokens and sequences of each batch. */
    ShardSize size(int batchSize) {
        return new ShardSize(
                size(), ofBatches(inputs::tokens, batchSize), ofBatches(inputs::sequences, batchSize), hash);
    }

    /** A number of each batch; none of all if the first row has none. */
    private int[] ofBatches(IntBinaryOperator count, int batchSize) {
        int batches = numbers.length == 0 ? 0 : (int) (numbers[numbers.length - 1] / batchSize) + 1;
        int[] counts = new int[count.applyAsInt(0, Math.min(1, size())) == 0 ? 0 : batches];
        for (int batch = 0; batch < counts.length; batch++) {
            Range range = range(batch, batchSize);
            counts[batch] = count.applyAsInt(range.from(), range.to());
        }
        return counts;
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
     * Computes the gradients of rows.
     *
     * @param view the model
     * @param place where the rows are in the training
     * @return the mean loss
     */
    double compute(BatchGradients gradients, Range range, Model view, Inputs.Place place) {
        return inputs.compute(gradients, range.from(), range.to(), () -> labels(range, view), place);
    }

    /** The weights of rows in the loss. */
    double[] weights(Range range) {
        return Arrays.copyOfRange(weights, range.from(), range.to());
    }

    /** All rows in blocks of at most some rows. */
    List<Range> blocks(int most) {
        List<Range> blocks = new ArrayList<>();
        for (int from = 0; from < size(); from += most) {
            blocks.add(new Range(from, Math.min(size(), from + most), 0));
        }
        return blocks;
    }

    /**
     * Computes the loss of rows without dropout.
     *
     * @param weight the sum of their weights
     */
    PartialLoss loss(Loss loss, Range range, Model view, double weight) {
        return inputs.loss(view, loss, range.from(), range.to(), weight, () -> labels(range, view));
    }

    /**
     * Copies labels to an array.
     *
     * @return {@code [n, out]}, in the type of the model. If a label is the number of a class, the other classes have 0
     */
    private INDArray labels(Range range, Model view) {
        DataType type = view.dataType();
        int out = (int) view.outputSize();
        int n = range.size();
        int width = labels.length() / size();
        if (width == out) {
            return labels.array(range.from() * out, range.to() * out)
                    .reshape('c', n, out)
                    .castTo(type);
        }
        double[] oneHot = new double[n * out];
        for (int i = 0; i < n; i++) {
            oneHot[i * out + (int) labels.get(range.from() + i)] = 1;
        }
        return Nd4j.createFromArray(oneHot).reshape('c', n, out).castTo(type);
    }
}
