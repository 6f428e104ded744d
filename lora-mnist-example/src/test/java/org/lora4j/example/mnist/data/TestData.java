package org.lora4j.example.mnist.data;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/** Small data sets and IDX files for tests. */
public final class TestData {
    static final int IMAGES_MAGIC = 0x00000803;
    static final int LABELS_MAGIC = 0x00000801;

    private static final int IMAGE_SIZE = 28 * 28;

    private TestData() {}

    /**
     * Writes a data set of the first images of MNIST: four IDX files, not gzipped, with the usual names.
     *
     * @param folder is created if need be
     * @param train the number of training images; 200 and more show every digit
     * @param test the number of test images; 100 and more show every digit
     * @return the folder
     */
    public static Path write(Path folder, int train, int test) throws IOException {
        Files.createDirectories(folder);
        writeSplit(folder, "train", train);
        writeSplit(folder, "t10k", test);
        return folder;
    }

    private static void writeSplit(Path folder, String split, int count) throws IOException {
        String images = split + "-images-idx3-ubyte";
        String labels = split + "-labels-idx1-ubyte";
        Files.write(folder.resolve(images), images(count, 28, 28, bundled(images, 16, count * IMAGE_SIZE)));
        Files.write(folder.resolve(labels), labels(count, bundled(labels, 8, count)));
    }

    private static byte[] bundled(String name, int header, int length) throws IOException {
        try (InputStream in = unzippedResource(name)) {
            in.skipNBytes(header);
            byte[] bytes = in.readNBytes(length);
            if (bytes.length < length) {
                throw new IllegalArgumentException(name + " has only " + bytes.length + " of " + length + " bytes");
            }
            return bytes;
        }
    }

    /** The bytes of a bundled file, given its name without {@code .gz}. */
    static InputStream unzippedResource(String name) throws IOException {
        return new GZIPInputStream(Objects.requireNonNull(TestData.class.getResourceAsStream(name + ".gz"), name));
    }

    /** An IDX file of images with these sizes in its header, whatever the number of pixels. */
    public static byte[] images(int count, int rows, int columns, byte[] pixels) {
        return idx(pixels, IMAGES_MAGIC, count, rows, columns);
    }

    /** An IDX file of labels with this count in its header, whatever the number of labels. */
    public static byte[] labels(int count, byte[] labels) {
        return idx(labels, LABELS_MAGIC, count);
    }

    /** An IDX file with any header. */
    static byte[] idx(byte[] body, int... header) {
        ByteBuffer file = ByteBuffer.allocate(header.length * Integer.BYTES + body.length);
        for (int value : header) {
            file.putInt(value);
        }
        return file.put(body).array();
    }

    /** The bytes gzipped. */
    static byte[] gzip(byte[] bytes) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        }
        return out.toByteArray();
    }

    /** Images of 1 × 2 pixels with these labels; both pixels of image i have the value i, so that a test recognizes it. */
    public static MnistData numbered(int... labels) {
        byte[] pixels = new byte[2 * labels.length];
        for (int i = 0; i < labels.length; i++) {
            pixels[2 * i] = (byte) i;
            pixels[2 * i + 1] = (byte) i;
        }
        return data(1, 2, pixels, labels);
    }

    /** Images of some size with these labels. */
    public static MnistData data(int rows, int columns, byte[] pixels, int... labels) {
        byte[] digits = new byte[labels.length];
        for (int i = 0; i < labels.length; i++) {
            digits[i] = (byte) labels[i];
        }
        try {
            return MnistData.of(
                    IdxFile.read(
                            IdxFile.Kind.IMAGES,
                            "images",
                            new ByteArrayInputStream(images(labels.length, rows, columns, pixels))),
                    IdxFile.read(
                            IdxFile.Kind.LABELS, "labels", new ByteArrayInputStream(labels(labels.length, digits))));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
