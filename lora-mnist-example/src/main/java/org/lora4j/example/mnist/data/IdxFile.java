package org.lora4j.example.mnist.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
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
        IMAGES("images", 3),
        /** Labels {@code [count]}, one digit per image. */
        LABELS("labels", 1);

        private final String noun;
        private final int dimensions;

        Kind(String noun, int dimensions) {
            this.noun = noun;
            this.dimensions = dimensions;
        }

        /** Returns 8, the type of unsigned bytes, and the number of dimensions, in a byte each. */
        private int magic() {
            return 0x0800 + dimensions;
        }

        /**
         * Returns the usual name of such a file without {@code .gz}, such as {@code train-images-idx3-ubyte}.
         *
         * @param split {@code train} or {@code t10k}
         * @param separator what is before {@code idx}: {@code -}, or {@code .} in some distributions
         */
        String fileName(String split, String separator) {
            return split + '-' + noun + separator + "idx" + dimensions + "-ubyte";
        }
    }

    /** The most bytes that may follow the header: 512 MiB, eleven times the training images of MNIST. */
    static final int MAX_BYTES = 1 << 29;

    private static final int BUFFER = 1 << 16;

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
     * @throws FileSystemException if it cannot be read or is not a valid file of this kind
     */
    static IdxFile read(Kind kind, Path file) throws FileSystemException {
        try (InputStream in = Files.newInputStream(file)) {
            return read(kind, file.toString(), in);
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw invalid(file.toString(), "cannot be read: " + e, e);
        }
    }

    /**
     * Reads a stream to its end. If it starts with the two bytes of gzip, it is unzipped. The caller closes it.
     *
     * @param name the name of the stream in error messages
     * @throws FileSystemException if it is not a valid file of this kind
     * @throws IOException if the stream cannot be read
     */
    static IdxFile read(Kind kind, String name, InputStream in) throws IOException {
        InputStream buffered = new BufferedInputStream(in, BUFFER);
        buffered.mark(2);
        boolean gzip = buffered.read() == 0x1f && buffered.read() == 0x8b;
        buffered.reset();
        try {
            return parse(kind, name, gzip ? new GZIPInputStream(buffered, BUFFER) : buffered);
        } catch (EOFException e) {
            throw invalid(name, "the gzip data is damaged: it ends too early", e);
        } catch (ZipException e) {
            throw invalid(name, "the gzip data is damaged: " + e.getMessage(), e);
        }
    }

    private static FileSystemException invalid(String name, String problem, Exception cause) {
        FileSystemException e = new FileSystemException(name, null, problem);
        e.initCause(cause);
        return e;
    }

    private static IdxFile parse(Kind kind, String name, InputStream in) throws IOException {
        int[] shape = readHeader(kind, name, in);
        String sizes = Arrays.stream(shape).mapToObj(String::valueOf).collect(Collectors.joining(" x "));
        int length = 1;
        for (int size : shape) {
            require(
                    size <= MAX_BYTES / length,
                    name,
                    "must hold at most %d bytes, the header says %s",
                    MAX_BYTES,
                    sizes);
            length *= size;
        }
        byte[] bytes = in.readNBytes(length); // allocates as it reads
        String rule = sizes + " = " + length + " bytes must follow the header, found ";
        require(bytes.length == length, name, "too short: %s%d", rule, bytes.length);
        require(in.read() < 0, name, "too long: %smore", rule); // at its end a gzip stream verifies its checksum
        for (int i = 0; kind == Kind.LABELS && i < length; i++) {
            int label = Byte.toUnsignedInt(bytes[i]);
            require(label < MnistData.CLASSES, name, "a label must be in [0, 9], found %d for image %d", label, i);
        }
        return new IdxFile(name, shape, bytes);
    }

    private static int[] readHeader(Kind kind, String name, InputStream in) throws IOException {
        int length = Integer.BYTES * (1 + kind.dimensions);
        ByteBuffer header = ByteBuffer.wrap(in.readNBytes(length));
        int found = header.remaining();
        // A part of a magic number is too short, whatever it is.
        int magic = found < Integer.BYTES ? kind.magic() : header.getInt();
        require(
                magic == kind.magic(),
                name,
                "an IDX file of %s must start with the magic number 0x%08x, found 0x%08x",
                kind.noun,
                kind.magic(),
                magic);
        require(
                found == length,
                name,
                "too short: the header of an IDX file of %s has %d bytes, found %d",
                kind.noun,
                length,
                found);
        int[] shape = new int[kind.dimensions];
        for (int i = 0; i < shape.length; i++) {
            long size = Integer.toUnsignedLong(header.getInt());
            require(
                    size >= 1 && size <= MAX_BYTES,
                    name,
                    "the size of dimension %d must be in [1, %d], found %d",
                    i,
                    MAX_BYTES,
                    size);
            shape[i] = (int) size;
        }
        return shape;
    }

    private static void require(boolean holds, String name, String problem, Object... values)
            throws FileSystemException {
        if (!holds) {
            throw new FileSystemException(name, null, String.format(Locale.ROOT, problem, values));
        }
    }

    /** Returns the name of this file in error messages. */
    String name() {
        return name;
    }

    /**
     * Returns the size of a dimension: 0 is the count, and of images, 1 is the height and 2 the width.
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
