package org.lora4j.example.mnist.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The content of one IDX file, the format of MNIST: a magic number and one size per dimension, all as big-endian 32-bit
 * integers, then as many unsigned bytes as the product of the sizes.
 *
 * <p>Files are not trusted: memory grows with the bytes that are read, not with the sizes that the header states.
 */
final class IdxFile {

    /** The two kinds of file in a data set. */
    enum Kind {
        /** Images {@code [count, rows, columns]}, one byte per pixel. */
        IMAGES("images", 0x00000803, 3),
        /** Labels {@code [count]}, one digit per image. */
        LABELS("labels", 0x00000801, 1);

        private final String noun;
        private final int magic;
        private final int dimensions;

        Kind(String noun, int magic, int dimensions) {
            this.noun = noun;
            this.magic = magic;
            this.dimensions = dimensions;
        }

        /**
         * Returns the usual name of such a file without {@code .gz}, such as {@code train-images-idx3-ubyte}.
         *
         * @param split {@code train} or {@code t10k}
         * @param separator the character before {@code idx}: {@code -}, or {@code .} in some distributions
         */
        String fileName(String split, char separator) {
            return split + '-' + noun + separator + "idx" + dimensions + "-ubyte";
        }
    }

    /** The number of classes: labels are digits from 0 to 9. */
    static final int CLASSES = 10;

    /** The most bytes that may follow the header: 512 MiB, eleven times the training images of MNIST. */
    static final int MAX_BYTES = 1 << 29;

    private static final int GZIP_BUFFER = 1 << 16;

    private final String name;
    private final int[] shape;
    private final byte[] bytes;

    private IdxFile(String name, int[] shape, byte[] bytes) {
        this.name = name;
        this.shape = shape;
        this.bytes = bytes;
    }

    /**
     * Reads a file, gzipped or not.
     *
     * @throws IdxException if it cannot be read or is not a valid file of this kind
     */
    static IdxFile read(Kind kind, Path file) throws IdxException {
        try (InputStream in = Files.newInputStream(file)) {
            return read(kind, file.toString(), in);
        } catch (IdxException e) {
            throw e;
        } catch (IOException e) {
            throw new IdxException(file.toString(), "cannot be read: " + e, e);
        }
    }

    /**
     * Reads a stream to its end. If it starts with the two bytes of gzip, it is unzipped. The caller closes it.
     *
     * @param name the name of the stream in error messages
     * @throws IdxException if it is not a valid file of this kind
     * @throws IOException if the stream cannot be read
     */
    static IdxFile read(Kind kind, String name, InputStream in) throws IOException {
        InputStream buffered = in.markSupported() ? in : new BufferedInputStream(in);
        if (!startsLikeGzip(buffered)) {
            return parse(kind, name, buffered);
        }
        try {
            return parse(kind, name, new GZIPInputStream(buffered, GZIP_BUFFER));
        } catch (EOFException e) {
            throw new IdxException(name, "the gzip data is damaged: it ends too early", e);
        } catch (ZipException e) {
            throw new IdxException(name, "the gzip data is damaged: " + e.getMessage(), e);
        }
    }

    private static boolean startsLikeGzip(InputStream in) throws IOException {
        in.mark(2);
        boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
        in.reset();
        return gzip;
    }

    private static IdxFile parse(Kind kind, String name, InputStream in) throws IOException {
        int[] shape = readHeader(kind, name, in);
        int length = 1;
        for (int size : shape) {
            if (size > MAX_BYTES / length) {
                throw new IdxException(
                        name, "must hold at most " + MAX_BYTES + " bytes, the header says " + product(shape));
            }
            length *= size;
        }
        byte[] bytes = in.readNBytes(length); // allocates as it reads
        if (bytes.length < length) {
            throw new IdxException(
                    name,
                    "too short: " + product(shape) + " = " + length + " bytes must follow the header, found "
                            + bytes.length);
        }
        if (in.read() >= 0) { // at its end a gzip stream verifies its checksum
            throw new IdxException(
                    name, "too long: " + product(shape) + " = " + length + " bytes must follow the header, found more");
        }
        if (kind == Kind.LABELS) {
            requireDigits(name, bytes);
        }
        return new IdxFile(name, shape, bytes);
    }

    private static int[] readHeader(Kind kind, String name, InputStream in) throws IOException {
        int length = Integer.BYTES * (1 + kind.dimensions);
        ByteBuffer header = ByteBuffer.wrap(in.readNBytes(length));
        int found = header.remaining();
        if (found >= Integer.BYTES) {
            int magic = header.getInt();
            if (magic != kind.magic) {
                throw new IdxException(
                        name,
                        "an IDX file of %s must start with the magic number 0x%08x, found 0x%08x"
                                .formatted(kind.noun, kind.magic, magic));
            }
        }
        if (found < length) {
            throw new IdxException(
                    name,
                    "too short: the header of an IDX file of " + kind.noun + " has " + length + " bytes, found "
                            + found);
        }
        int[] shape = new int[kind.dimensions];
        for (int i = 0; i < shape.length; i++) {
            long size = Integer.toUnsignedLong(header.getInt());
            if (size < 1 || size > MAX_BYTES) {
                throw new IdxException(
                        name, "the size of dimension " + i + " must be in [1, " + MAX_BYTES + "], found " + size);
            }
            shape[i] = (int) size;
        }
        return shape;
    }

    private static void requireDigits(String name, byte[] labels) throws IdxException {
        for (int i = 0; i < labels.length; i++) {
            int label = Byte.toUnsignedInt(labels[i]);
            if (label >= CLASSES) {
                throw new IdxException(
                        name, "a label must be in [0, " + (CLASSES - 1) + "], found " + label + " for image " + i);
            }
        }
    }

    private static String product(int[] shape) {
        StringBuilder text = new StringBuilder();
        for (int size : shape) {
            text.append(text.isEmpty() ? "" : " x ").append(size);
        }
        return text.toString();
    }

    /** Returns the name of this file in error messages. */
    String name() {
        return name;
    }

    /** Returns the number of images or labels. */
    int count() {
        return shape[0];
    }

    /**
     * Returns the size of a dimension. Of images, 0 is the count, 1 the rows and 2 the columns.
     *
     * @throws ArrayIndexOutOfBoundsException if there is no such dimension
     */
    int size(int dimension) {
        return shape[dimension];
    }

    /** Returns the bytes after the header, not a copy. */
    byte[] bytes() {
        return bytes;
    }
}
