package org.lora4j.example.mnist;

import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Batches of images: features {@code [n, imageSize]}, normalised, and labels {@code [n, 10]}, one-hot, both FLOAT and in
 * order 'c'. Every batch has arrays of its own. An epoch ends when each chosen image was delivered once, if need be with
 * a shorter batch; {@link #reset()} starts the next one, in a new order if the iterator shuffles.
 *
 * <p>With replay, a batch of n images holds the share of n, rounded half up but at most n − 1, of images of other
 * digits than the chosen one; the last batch of an epoch holds them in the same proportion. They too are drawn at random without
 * repetition until all were drawn, across epochs.
 *
 * <p>The order depends on the seed alone, and the order of the chosen images not on the share. Not for several threads
 * at once.
 */
final class MnistIterator implements DataSetIterator {
    private static final long serialVersionUID = 1L;

    private static final List<String> LABELS =
            IntStream.range(0, MnistData.CLASSES).mapToObj(Integer::toString).toList();

    private final transient MnistData data;
    private final transient IndexPool chosen;
    private final transient IndexPool others;
    private final int batchSize;
    private final double replayShare;

    private transient float[] features = {};
    private transient @Nullable DataSetPreProcessor preProcessor;

    private MnistIterator(MnistData data, IndexPool chosen, IndexPool others, int batchSize, double replayShare) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("the batch size must be at least 1, found " + batchSize);
        }
        if (!(replayShare >= 0 && replayShare < 1)) {
            throw new IllegalArgumentException("the share of replayed images must be in [0, 1), found " + replayShare);
        }
        if (chosen.remaining() == 0) {
            throw new IllegalArgumentException("there must be at least 1 image to iterate over, found 0");
        }
        if (replayShare > 0 && others.remaining() == 0) {
            throw new IllegalArgumentException(
                    "there must be at least 1 image of another digit for the share " + replayShare + ", found 0");
        }
        this.data = data;
        this.chosen = chosen;
        this.others = others;
        this.batchSize = batchSize;
        this.replayShare = replayShare;
    }

    /**
     * All images as they come, as a test wants them.
     *
     * @throws IllegalArgumentException if the batch size is less than 1
     */
    static MnistIterator inOrder(MnistData data, int batchSize) {
        return new MnistIterator(data, IndexPool.inOrder(data.indices()), IndexPool.inOrder(new int[0]), batchSize, 0);
    }

    /**
     * The images of some indices, in a new random order in each epoch.
     *
     * @throws IllegalArgumentException if the batch size is less than 1 or there is no index
     * @throws IndexOutOfBoundsException if an index is not one of the data
     */
    static MnistIterator shuffled(MnistData data, int[] indices, int batchSize, long seed) {
        for (int index : indices) {
            Objects.checkIndex(index, data.size());
        }
        return new MnistIterator(
                data,
                IndexPool.shuffled(indices, new SplittableRandom(seed)),
                IndexPool.inOrder(new int[0]),
                batchSize,
                0);
    }

    /**
     * The images of one digit, in a new random order in each epoch, with a share of other digits in each batch.
     *
     * @param share the share of other digits in [0, 1); 0 for the digit alone
     * @throws IllegalArgumentException if the batch size is less than 1, the share is not in [0, 1), there is no image
     *     of the digit, or none of the others for a share above 0
     */
    static MnistIterator ofDigit(MnistData data, int digit, int batchSize, double share, long seed) {
        // The digit's generator is the one of shuffled(), so the share does not change the order of its images.
        return new MnistIterator(
                data,
                IndexPool.shuffled(data.indicesOf(digit), new SplittableRandom(seed)),
                IndexPool.shuffled(data.indicesOfOthers(digit), new SplittableRandom(seed).split()),
                batchSize,
                share);
    }

    @Override
    public boolean hasNext() {
        return chosen.remaining() > 0;
    }

    @Override
    public DataSet next() {
        return next(batchSize);
    }

    /**
     * The next batch.
     *
     * @param num the number of images, replayed ones included; fewer come at the end of the epoch
     * @throws IllegalArgumentException if the number is less than 1
     * @throws NoSuchElementException if the epoch is over
     */
    @Override
    public DataSet next(int num) {
        if (num < 1) {
            throw new IllegalArgumentException("a batch must have at least 1 image, found " + num);
        }
        if (!hasNext()) {
            throw new NoSuchElementException("the epoch is over: reset() starts the next one");
        }
        int[] batch = drawBatch(num);
        int imageSize = data.imageSize();
        int length = Math.multiplyExact(batch.length, imageSize);
        if (features.length != length) {
            features = new float[length];
        }
        float[] labels = new float[batch.length * MnistData.CLASSES];
        for (int i = 0; i < batch.length; i++) {
            data.normalise(batch[i], features, i * imageSize);
            labels[i * MnistData.CLASSES + data.label(batch[i])] = 1;
        }
        DataSet dataSet = new DataSet(
                Nd4j.create(features, new long[] {batch.length, imageSize}, 'c'), // copies
                Nd4j.create(labels, new long[] {batch.length, MnistData.CLASSES}, 'c'));
        if (preProcessor != null) {
            preProcessor.preProcess(dataSet);
        }
        return dataSet;
    }

    private int[] drawBatch(int size) {
        int replayed = (int) Math.min(Math.round(size * replayShare), size - 1);
        int own = size - replayed;
        if (own > chosen.remaining()) {
            replayed = (int) Math.round((double) replayed * chosen.remaining() / own);
            own = chosen.remaining();
        }
        int[] batch = new int[own + replayed];
        for (int i = 0; i < own; i++) {
            batch[i] = chosen.draw();
        }
        for (int i = own; i < batch.length; i++) {
            if (others.remaining() == 0) {
                others.refill();
            }
            batch[i] = others.draw();
        }
        return batch;
    }

    @Override
    public int inputColumns() {
        return data.imageSize();
    }

    @Override
    public int totalOutcomes() {
        return MnistData.CLASSES;
    }

    @Override
    public boolean resetSupported() {
        return true;
    }

    /** {@inheritDoc} The images are in memory, so there is nothing to fetch ahead. */
    @Override
    public boolean asyncSupported() {
        return false;
    }

    /** Starts the next epoch. Before anything was taken from this one it does nothing. */
    @Override
    public void reset() {
        chosen.refill();
    }

    @Override
    public int batch() {
        return batchSize;
    }

    @Override
    public void setPreProcessor(@Nullable DataSetPreProcessor preProcessor) {
        this.preProcessor = preProcessor;
    }

    @Override
    public @Nullable DataSetPreProcessor getPreProcessor() {
        return preProcessor;
    }

    @Override
    public List<String> getLabels() {
        return LABELS;
    }

    /** ND4J's interface is serialisable; a data set in memory should not be stored with it. */
    private void writeObject(ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException(MnistIterator.class.getName());
    }
}
