package org.lora4j.example.mnist;

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
 * The content of one IDX file, the format in which MNIST and its kin are distributed: a magic number, one size per
 * dimension (both as big-endian 32-bit integers), then exactly as many unsigned bytes as the sizes multiply to.
 *
 * <p>A file is taken for hostile until it is read: memory grows with the bytes that really come, never with what the
 * header promises.
 */
final class IdxFile {

    /** The two kinds of file that a data set is made of. */
    enum Kind {
        /** Images {@code [count, rows, columns]}, a byte per pixel. */
        IMAGES("images", 0x00000803, 3),
        /** Labels {@code [count]}, a digit per image. */
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
         * The usual name of such a file without {@code .gz}, as in {@code train-images-idx3-ubyte}.
         *
         * @param split {@code train} or {@code t10k}
         * @param separator what stands before {@code idx}, {@code -} or in some distributions {@code .}
         */
        String fileName(String split, char separator) {
            return split + '-' + noun + separator + "idx" + dimensions + "-ubyte";
        }
    }

    /** The labels are digits: 0 to 9. */
    static final int CLASSES = 10;

    /** The most bytes that a file may hold behind its header: 512 MiB, eleven times MNIST's training images. */
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
     * @throws IdxException if it cannot be read or is not a sound file of this kind
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
     * Reads a stream to its end, gzipped or not, which its first two bytes tell. The caller closes it.
     *
     * @param name what error messages call the stream
     * @throws IdxException if it is not a sound file of this kind
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
        byte[] bytes = in.readNBytes(length); // grows with what it reads
        if (bytes.length < length) {
            throw new IdxException(
                    name,
                    "too short: " + product(shape) + " = " + length + " bytes must follow the header, found "
                            + bytes.length);
        }
        if (in.read() >= 0) { // also makes a gzip stream check its checksum
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

    /** What error messages call this file. */
    String name() {
        return name;
    }

    /** The number of images or labels. */
    int count() {
        return shape[0];
    }

    /**
     * The size of a dimension: of images 0 is the count, 1 the rows and 2 the columns.
     *
     * @throws ArrayIndexOutOfBoundsException if there is no such dimension
     */
    int size(int dimension) {
        return shape[dimension];
    }

    /** The bytes behind the header, not a copy. */
    byte[] bytes() {
        return bytes;
    }
}
