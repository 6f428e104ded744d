package org.lora4j.example.mnist.data;

import java.nio.file.FileSystemException;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * Gray images of one size, each with the digit that it shows. Pixels are unsigned bytes, row by row, from 0 for the
 * background to 255 for full ink.
 */
public final class MnistData {
    /** The number of digits. */
    public static final int CLASSES = 10;

    /** The mean of the pixels of MNIST's training images, scaled to [0, 1]. */
    static final float MEAN = 0.1307f;

    /** The standard deviation of the pixels of MNIST's training images, scaled to [0, 1]. */
    static final float STANDARD_DEVIATION = 0.3081f;

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
     * @throws FileSystemException if there is not exactly one label for each image
     */
    static MnistData of(IdxFile images, IdxFile labels) throws FileSystemException {
        if (labels.size(0) != images.size(0)) {
            throw new FileSystemException(
                    labels.name(),
                    null,
                    "must hold a label for each of the %s images of %s, found %s"
                            .formatted(images.size(0), images.name(), labels.size(0)));
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
    public int imageSize() {
        return rows * columns;
    }

    /**
     * Returns the digit that an image shows.
     *
     * @return the digit, from 0 to 9
     * @throws IndexOutOfBoundsException if there is no such image
     */
    public int label(int i) {
        return labels[i];
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
        for (int p = 0; p < imageSize(); p++) {
            target[offset + p] = NORMALIZED[Byte.toUnsignedInt(pixels[start + p])];
        }
    }

    /** Returns the images from one index to another, without the latter. */
    MnistData range(int from, int to) {
        Objects.checkFromToIndex(from, to, size());
        return new MnistData(
                rows,
                columns,
                Arrays.copyOfRange(pixels, from * imageSize(), to * imageSize()),
                Arrays.copyOfRange(labels, from, to));
    }

    /** Returns the indices of the images that show certain digits, ascending. */
    int[] indices(IntPredicate digits) {
        return IntStream.range(0, size()).filter(i -> digits.test(labels[i])).toArray();
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
