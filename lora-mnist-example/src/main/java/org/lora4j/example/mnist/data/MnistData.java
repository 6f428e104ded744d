package org.lora4j.example.mnist.data;

import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * Gray images of one size, each with the digit that it shows. Pixels are unsigned bytes, row by row, from 0 for the
 * background to 255 for full ink.
 */
public final class MnistData {
    /** The mean of the pixels of MNIST's training images, scaled to [0, 1]. */
    static final float MEAN = 0.1307f;

    /** The standard deviation of the pixels of MNIST's training images, scaled to [0, 1]. */
    static final float STANDARD_DEVIATION = 0.3081f;

    /** The number of digits. */
    public static final int CLASSES = IdxFile.CLASSES;

    /** The normalized value of each of the 256 gray values. */
    private static final float[] NORMALIZED = new float[256];

    static {
        for (int pixel = 0; pixel < NORMALIZED.length; pixel++) {
            NORMALIZED[pixel] = (pixel / 255f - MEAN) / STANDARD_DEVIATION;
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
     * Combines images and labels.
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

    /** Returns how many images there are. */
    public int size() {
        return labels.length;
    }

    /** Returns the height of every image. */
    public int rows() {
        return rows;
    }

    /** Returns the width of every image. */
    public int columns() {
        return columns;
    }

    /** Returns the number of pixels of every image, rows × columns. */
    int imageSize() {
        return rows * columns;
    }

    /**
     * Returns the digit that an image shows.
     *
     * @return the digit, from 0 to 9
     * @throws IndexOutOfBoundsException if there is no such image
     */
    public int label(int i) {
        return labels[Objects.checkIndex(i, size())];
    }

    /**
     * Copies the pixels of an image.
     *
     * @return unsigned bytes {@code [rows × columns]}, row by row
     * @throws IndexOutOfBoundsException if there is no such image
     */
    public byte[] image(int i) {
        int start = Objects.checkIndex(i, size()) * imageSize();
        return Arrays.copyOfRange(pixels, start, start + imageSize());
    }

    /**
     * Writes the normalized pixels of image {@code i}, {@code (pixel/255 − MEAN) / STANDARD_DEVIATION}, into an array. All
     * data sets are normalized with the constants of MNIST, so that a stored network gets the same input for the same
     * pixel.
     *
     * @param offset the index in the target of the first pixel
     * @throws IndexOutOfBoundsException if there is no such image or the target is too short
     */
    void normalize(int i, float[] target, int offset) {
        int start = Objects.checkIndex(i, size()) * imageSize();
        Objects.checkFromIndexSize(offset, imageSize(), target.length);
        for (int p = 0; p < imageSize(); p++) {
            target[offset + p] = NORMALIZED[Byte.toUnsignedInt(pixels[start + p])];
        }
    }

    /** Returns the indices of all images, ascending. */
    int[] indices() {
        return IntStream.range(0, size()).toArray();
    }

    /** Returns the indices of the images that show the digit, ascending. */
    int[] indicesOf(int digit) {
        return IntStream.range(0, size()).filter(i -> labels[i] == digit).toArray();
    }

    /** Returns the indices of the images that show another digit, ascending. */
    int[] indicesOfOthers(int digit) {
        return IntStream.range(0, size()).filter(i -> labels[i] != digit).toArray();
    }

    /**
     * Counts the images of each digit.
     *
     * @return the counts {@code [10]}
     */
    public int[] countPerLabel() {
        int[] counts = new int[CLASSES];
        for (byte label : labels) {
            counts[label]++;
        }
        return counts;
    }
}
