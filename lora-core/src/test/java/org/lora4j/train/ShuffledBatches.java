package org.lora4j.train;

import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Random examples in a new order in each epoch. One generator is used for all epochs, so a batch depends on all calls before
 * it. A reset before the first batch does nothing, as in many iterators.
 */
final class ShuffledBatches implements DataSetIterator {
    private static final long serialVersionUID = 1L;

    private final transient INDArray features;
    private final transient INDArray labels;
    private final transient SplittableRandom random;
    private final int[] order;
    private final int batchSize;
    private int next;

    ShuffledBatches(long seed, DataType type, int in, int out, int examples, int batchSize) {
        this.batchSize = batchSize;
        features = Samples.gaussian(seed, type, examples, in);
        labels = Nd4j.zeros(type, examples, out);
        random = new SplittableRandom(seed);
        order = new int[examples];
        for (int i = 0; i < examples; i++) {
            order[i] = i;
            labels.putScalar(i, random.nextInt(out), 1);
        }
        shuffle();
    }

    private void shuffle() {
        for (int i = order.length - 1; i > 0; i--) {
            int k = random.nextInt(i + 1);
            int swapped = order[i];
            order[i] = order[k];
            order[k] = swapped;
        }
        next = 0;
    }

    @Override
    public boolean hasNext() {
        return next < order.length;
    }

    @Override
    public DataSet next() {
        return next(batchSize);
    }

    @Override
    public DataSet next(int num) {
        if (!hasNext()) {
            throw new NoSuchElementException();
        }
        int[] rows = Arrays.copyOfRange(order, next, Math.min(order.length, next + num));
        next += rows.length;
        return new DataSet(features.getRows(rows).dup('c'), labels.getRows(rows).dup('c'));
    }

    @Override
    public boolean resetSupported() {
        return true;
    }

    @Override
    public void reset() {
        if (next > 0) {
            shuffle();
        }
    }

    @Override
    public int inputColumns() {
        return (int) features.size(1);
    }

    @Override
    public int totalOutcomes() {
        return (int) labels.size(1);
    }

    @Override
    public boolean asyncSupported() {
        return false;
    }

    @Override
    public int batch() {
        return batchSize;
    }

    @Override
    public void setPreProcessor(DataSetPreProcessor preProcessor) {
        throw new UnsupportedOperationException("no preprocessor");
    }

    @Override
    public @Nullable DataSetPreProcessor getPreProcessor() {
        return null;
    }

    @Override
    public @Nullable List<String> getLabels() {
        return null;
    }
}
