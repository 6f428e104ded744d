package org.lora4j.example.mnist;

import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * One split of the data set, training or test: grey images of one size, each with the digit it shows. Pixels are
 * unsigned bytes, row by row, 0 for the background and 255 for full ink.
 */
final class MnistData {
    /** The mean pixel of MNIST's training images, of values scaled to [0, 1]. */
    static final float MEAN = 0.1307f;

    /** The standard deviation of the pixels of MNIST's training images, of values scaled to [0, 1]. */
    static final float STANDARD_DEVIATION = 0.3081f;

    /** The number of digits. */
    static final int CLASSES = IdxFile.CLASSES;

    /** There are only 256 grey values, so each is normalised once. */
    private static final float[] NORMALISED = new float[256];

    static {
        for (int pixel = 0; pixel < NORMALISED.length; pixel++) {
            NORMALISED[pixel] = (pixel / 255f - MEAN) / STANDARD_DEVIATION;
        }
    }

    private final int rows;
    private final int columns;
    private final byte[] pixels;
    private final byte[] labels;

    private MnistData(int rows, int columns, byte[] pixels, byte[] labels) {
        this.rows = rows;
        this.columns = columns;
        this.pixels = pixels;
        this.labels = labels;
    }

    /**
     * Puts images and labels together.
     *
     * @param images a file of {@link IdxFile.Kind#IMAGES}
     * @param labels a file of {@link IdxFile.Kind#LABELS}
     * @throws IdxException if there is not exactly one label for each image
     */
    static MnistData of(IdxFile images, IdxFile labels) throws IdxException {
        if (labels.count() != images.count()) {
            throw new IdxException(
                    labels.name(),
                    "must hold a label for each of the " + images.count() + " images of " + images.name() + ", found "
                            + labels.count());
        }
        return new MnistData(images.size(1), images.size(2), images.bytes(), labels.bytes());
    }

    /** The number of images. */
    int size() {
        return labels.length;
    }

    /** The rows of every image. */
    int rows() {
        return rows;
    }

    /** The columns of every image. */
    int columns() {
        return columns;
    }

    /** The pixels of every image, rows × columns. */
    int imageSize() {
        return rows * columns;
    }

    /**
     * The digit that image {@code i} shows.
     *
     * @throws IndexOutOfBoundsException if there is no such image
     */
    int label(int i) {
        return labels[Objects.checkIndex(i, size())];
    }

    /**
     * A copy of the pixels of image {@code i}, {@code [rows × columns]}, unsigned.
     *
     * @throws IndexOutOfBoundsException if there is no such image
     */
    byte[] image(int i) {
        int start = Objects.checkIndex(i, size()) * imageSize();
        return Arrays.copyOfRange(pixels, start, start + imageSize());
    }

    /**
     * Writes the normalised pixels of image {@code i}, each {@code (pixel/255 − MEAN) / STANDARD_DEVIATION}, to
     * {@code target[offset]} and on. The constants are MNIST's whatever the data, so that a stored network always sees
     * a pixel the same way.
     *
     * @throws IndexOutOfBoundsException if there is no such image or the target is too short
     */
    void normalise(int i, float[] target, int offset) {
        int start = Objects.checkIndex(i, size()) * imageSize();
        Objects.checkFromIndexSize(offset, imageSize(), target.length);
        for (int p = 0; p < imageSize(); p++) {
            target[offset + p] = NORMALISED[Byte.toUnsignedInt(pixels[start + p])];
        }
    }

    /** The indices of all images, ascending. */
    int[] indices() {
        return IntStream.range(0, size()).toArray();
    }

    /** The indices of the images that show the digit, ascending. */
    int[] indicesOf(int digit) {
        return IntStream.range(0, size()).filter(i -> labels[i] == digit).toArray();
    }

    /** The indices of the images that show any other digit, ascending. */
    int[] indicesOfOthers(int digit) {
        return IntStream.range(0, size()).filter(i -> labels[i] != digit).toArray();
    }

    /** How many images show each digit, {@code [CLASSES]}. */
    int[] countPerLabel() {
        int[] counts = new int[CLASSES];
        for (byte label : labels) {
            counts[label]++;
        }
        return counts;
    }
}
