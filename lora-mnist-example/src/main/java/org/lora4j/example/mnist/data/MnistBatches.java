package org.lora4j.example.mnist.data;

import java.util.Arrays;
import java.util.Iterator;
import java.util.PrimitiveIterator;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.lora4j.nn.input.Input;
import org.lora4j.train.Batch;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Batches of images: normalized pixels {@code [n, rows × columns]} and one-hot labels {@code [n, 10]}, both FLOAT. Each
 * batch has arrays of its own.
 *
 * <p>Each iterator is one epoch: it returns each of the chosen images once, and the last batch can be smaller. In a random
 * order, each epoch has a new one. The orders depend on the seed alone.
 *
 * <p>With replay, each batch of n images has {@code share · n} images of other digits, rounded, and at least one of the
 * chosen digit. The last batch of an epoch has them in the same proportion. They are drawn at random, and each is drawn
 * once before any is drawn again, across epochs. The share does not change the order of the chosen images.
 *
 * <p>Not for several threads at once.
 */
public final class MnistBatches implements Iterable<Batch> {
    private final MnistData data;
    private final int chosenPerBatch;
    private final int othersPerBatch;
    private final Supplier<int[]> orders;
    private final PrimitiveIterator.OfInt others;

    private MnistBatches(
            MnistData data, int batchSize, double replayShare, Supplier<int[]> orders, Supplier<int[]> otherOrders) {
        if (batchSize < 1) {
            throw new IllegalArgumentException("the batch size must be at least 1, found " + batchSize);
        }
        this.data = data;
        othersPerBatch = (int) Math.min(Math.round(batchSize * replayShare), batchSize - 1);
        chosenPerBatch = batchSize - othersPerBatch;
        this.orders = orders;
        others = Stream.generate(otherOrders).flatMapToInt(Arrays::stream).iterator();
    }

    /**
     * Returns all images in their order, for tests.
     *
     * @param data the images
     * @param batchSize the number of images in a batch
     * @throws IllegalArgumentException if the batch size is less than 1
     */
    public static MnistBatches inOrder(MnistData data, int batchSize) {
        int[] all = data.indices(digit -> true);
        return new MnistBatches(data, batchSize, 0, () -> all, () -> all);
    }

    /**
     * Returns all images in random order.
     *
     * @param data the images
     * @param batchSize the number of images in a batch
     * @param seed the seed of the order
     * @throws IllegalArgumentException if the batch size is less than 1
     */
    public static MnistBatches shuffled(MnistData data, int batchSize, long seed) {
        int[] all = data.indices(digit -> true);
        return new MnistBatches(data, batchSize, 0, shuffles(all, new SplittableRandom(seed)), () -> all);
    }

    /**
     * Returns the images of one digit in random order.
     *
     * @param data the images
     * @param digit the digit
     * @param batchSize the number of images in a batch
     * @param seed the seed of the order
     * @throws IllegalArgumentException if the batch size is less than 1, or no image shows the digit
     */
    public static MnistBatches ofDigit(MnistData data, int digit, int batchSize, long seed) {
        return ofDigit(data, digit, batchSize, 0, seed);
    }

    /**
     * Returns the images of one digit in random order, with replay: a share of each batch shows other digits.
     *
     * @param data the images
     * @param digit the digit
     * @param batchSize the number of images in a batch
     * @param replayShare the share of other digits, in [0, 1)
     * @param seed the seed of the order
     * @throws IllegalArgumentException if the batch size is less than 1, the share is not in [0, 1), no image shows the
     *     digit, or the share is not 0 and no image shows another digit
     */
    public static MnistBatches ofDigit(MnistData data, int digit, int batchSize, double replayShare, long seed) {
        int[] chosen = data.indices(shown -> shown == digit);
        int[] others = data.indices(shown -> shown != digit);
        if (!(replayShare >= 0 && replayShare < 1)) {
            throw new IllegalArgumentException("the share of replayed images must be in [0, 1), found " + replayShare);
        }
        if (chosen.length == 0) {
            throw new IllegalArgumentException("the images must show the digit " + digit + ", none does");
        }
        if (replayShare > 0 && others.length == 0) {
            throw new IllegalArgumentException("the images must show other digits than " + digit + " for the share "
                    + replayShare + " of replayed images, none does");
        }
        // Two generators, so that the share does not change the order of the chosen images.
        SplittableRandom random = new SplittableRandom(seed);
        SplittableRandom randomOfOthers = new SplittableRandom(seed).split();
        return new MnistBatches(
                data, batchSize, replayShare, shuffles(chosen, random), shuffles(others, randomOfOthers));
    }

    /** Returns the same indices in a new random order each time, by the method of Fisher and Yates. */
    private static Supplier<int[]> shuffles(int[] indices, SplittableRandom random) {
        return () -> {
            for (int i = indices.length - 1; i > 0; i--) {
                int j = random.nextInt(i + 1);
                int index = indices[i];
                indices[i] = indices[j];
                indices[j] = index;
            }
            return indices.clone();
        };
    }

    @Override
    public Iterator<Batch> iterator() {
        int[] order = orders.get();
        return IntStream.iterate(0, from -> from < order.length, from -> from + chosenPerBatch)
                .mapToObj(from -> Arrays.copyOfRange(order, from, Math.min(order.length, from + chosenPerBatch)))
                .map(chosen -> batch(withOthers(chosen)))
                .iterator();
    }

    private int[] withOthers(int[] chosen) {
        int count = (int) Math.round((double) othersPerBatch * chosen.length / chosenPerBatch);
        int[] images = Arrays.copyOf(chosen, chosen.length + count);
        for (int i = chosen.length; i < images.length; i++) {
            images[i] = others.nextInt();
        }
        return images;
    }

    private Batch batch(int[] images) {
        int imageSize = data.imageSize();
        float[] features = new float[Math.multiplyExact(images.length, imageSize)];
        float[] labels = new float[images.length * MnistData.CLASSES];
        for (int i = 0; i < images.length; i++) {
            data.normalize(images[i], features, i * imageSize);
            labels[i * MnistData.CLASSES + data.label(images[i])] = 1;
        }
        return new Batch(
                Input.of(Nd4j.create(features, new long[] {images.length, imageSize}, 'c')),
                Nd4j.create(labels, new long[] {images.length, MnistData.CLASSES}, 'c'));
    }
}
