package org.lora4j.text.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.zip.ZipException;
import org.lora4j.io.internal.FileAccess;

/**
 * A file of rows that can be read again one by one, in any order: a first pass notes where they begin, which takes a few bytes
 * of memory for each, and a training then reads those of its next batch.
 *
 * <pre>{@code
 * try (IndexedFile file = IndexedFile.open(path)) {
 *     file.rows().forEach(row -> places.add(row.offset()));
 *     TextRow again = file.row(places.get(7), line);
 * }
 * }</pre>
 *
 * <p>A file that is packed with gzip is unpacked once, into a temporary file of {@code java.io.tmpdir}. Any number of threads can
 * read at the same time.
 */
public final class IndexedFile implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    /** Most rows have fewer bytes, and a read of a whole page costs the same. */
    private static final int BUFFER_OF_ROW = 1 << 12;

    private final Path file;
    private final TextFormat format;
    private final FileChannel content;
    private final long size;
    private final DelimitedColumns asked;
    private DelimitedColumns columns;

    private IndexedFile(Path file, TextFormat format, DelimitedColumns columns, FileChannel content)
            throws IOException {
        this.file = file;
        this.format = format;
        asked = columns;
        this.columns = columns;
        this.content = content;
        size = content.size();
    }

    /**
     * Opens a file.
     *
     * @param file a file as {@link TextFiles#read} takes it
     * @return the file
     * @throws IOException if it cannot be read, or not be unpacked
     * @throws IllegalArgumentException if the name does not tell the format
     */
    public static IndexedFile open(Path file) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        return open(file, TextFormat.of(file), DelimitedColumns.UNKNOWN, Long.MAX_VALUE);
    }

    /**
     * Opens a file of somebody else, whose own name says nothing, and which may be packed to a thousandth of its size.
     *
     * @param file the file
     * @param name a name whose end tells the format, as {@link TextFiles#read} takes it
     * @param mostBytes the most bytes, unpacked
     * @return the file
     * @throws IOException if it cannot be read, or there is no room to unpack it
     * @throws IllegalArgumentException if the name does not tell the format, the file has more bytes, or it is packed and not whole
     */
    public static IndexedFile open(Path file, String name, long mostBytes) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        Objects.requireNonNull(name, "name must not be null");
        return open(file, TextFormat.of(name), DelimitedColumns.UNKNOWN, mostBytes);
    }

    /**
     * Opens a file of CSV or TSV whose delimiter is known.
     *
     * @param file a file as {@link TextFiles#read(Path, char)} takes it
     * @param delimiter the character between two values
     * @return the file
     * @throws IOException if it cannot be read, or not be unpacked
     * @throws IllegalArgumentException if the name tells another format, or the character cannot be a delimiter
     */
    public static IndexedFile open(Path file, char delimiter) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        return open(file, TextFormat.ofDelimited(file), DelimitedColumns.delimitedBy(delimiter), Long.MAX_VALUE);
    }

    private static IndexedFile open(Path file, TextFormat format, DelimitedColumns columns, long mostBytes)
            throws IOException {
        FileChannel stored = FileAccess.open(file);
        try {
            BufferedInputStream in = new BufferedInputStream(Channels.newInputStream(stored), BUFFER);
            InputStream unpacked = TextLines.unpacked(in);
            FileChannel content = unpacked == in ? stored : unpack(file, unpacked, mostBytes);
            if (content.size() > mostBytes) {
                throw tooLarge(file, mostBytes);
            }
            return new IndexedFile(file, format, columns, content);
        } catch (EOFException | ZipException e) {
            stored.close();
            throw new IllegalArgumentException(
                    file + ": a file packed with gzip must be whole, found another one (" + e.getMessage()
                            + "); copy it again",
                    e);
        } catch (IOException | RuntimeException e) {
            stored.close();
            throw e;
        }
    }

    private static IllegalArgumentException tooLarge(Path file, long mostBytes) {
        return new IllegalArgumentException(
                file + ": a file of rows must have at most " + mostBytes + " bytes, unpacked, found more; divide it");
    }

    private static FileChannel unpack(Path file, InputStream packed, long mostBytes) throws IOException {
        try (packed) {
            Path copy = Files.createTempFile("lora4j", ".unpacked");
            FileChannel channel = FileChannel.open(
                    copy, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.DELETE_ON_CLOSE);
            try {
                copy(packed, Channels.newOutputStream(channel), file, mostBytes);
                return channel;
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (EOFException | ZipException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(
                    file + ": cannot be unpacked into " + System.getProperty("java.io.tmpdir") + ", found " + e, e);
        }
    }

    private static void copy(InputStream packed, OutputStream out, Path file, long mostBytes) throws IOException {
        byte[] buffer = new byte[BUFFER];
        long bytes = 0;
        for (int count = packed.read(buffer); count >= 0; count = packed.read(buffer)) {
            bytes += count;
            if (bytes > mostBytes) {
                throw tooLarge(file, mostBytes);
            }
            out.write(buffer, 0, count);
        }
    }

    /**
     * Returns the file.
     *
     * @return its path
     */
    public Path path() {
        return file;
    }

    /**
     * Returns all rows in their order, as {@link TextFiles#read} does.
     *
     * @return the rows
     */
    public Dataset<TextRow> rows() {
        return Dataset.of(() -> {
            Cursor<TextRow> rows = format.rows(lines(0, 0, BUFFER), asked);
            if (rows instanceof DelimitedRows delimited) {
                keep(delimited.columns());
            }
            return rows;
        });
    }

    private synchronized void keep(DelimitedColumns known) {
        columns = known;
    }

    /** The columns, read from the first line if no pass has read them. */
    private synchronized DelimitedColumns known() {
        if (columns.names().isEmpty() && format.isDelimited()) {
            columns = ((DelimitedRows) format.rows(lines(0, 0, BUFFER), columns)).columns();
        }
        return columns;
    }

    /**
     * Reads a row again.
     *
     * @param offset where it begins, {@link TextRow#offset}
     * @param line its first line, {@link TextRow#line}
     * @return the row
     * @throws IllegalArgumentException if no row begins there
     * @throws UncheckedIOException if the file cannot be read, or was changed
     */
    public TextRow row(long offset, long line) {
        if (offset < 0 || offset >= size || line < 1) {
            throw new IllegalArgumentException(
                    "%s: a row must begin within the %s bytes of the file, found byte %s, line %s"
                            .formatted(file, size, offset, line));
        }
        requireSame(line);
        TextRow row =
                format.rows(lines(offset, line - 1, BUFFER_OF_ROW), known()).next();
        if (row == null) {
            throw new IllegalArgumentException("%s: a row must begin at byte %s, line %s, found the end of the file"
                    .formatted(file, offset, line));
        }
        return row;
    }

    private void requireSame(long line) {
        try {
            if (content.size() != size) {
                throw new IOException(
                        "%s:%s: the file must stay as it is while it is used, found %s bytes in place of %s"
                                .formatted(file, line, content.size(), size));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e.getMessage(), e);
        }
    }

    private TextLines lines(long offset, long before, int buffer) {
        return new TextLines(
                file, format.endsAtReturn(), new BufferedInputStream(new ContentFrom(offset), buffer), offset, before);
    }

    /** Closes the file, and deletes the temporary one. */
    @Override
    public void close() {
        try {
            content.close();
        } catch (IOException e) {
            throw new UncheckedIOException(file + ": cannot be closed, found " + e, e);
        }
    }

    /** The bytes from a place on. Closing it leaves the file open. */
    private final class ContentFrom extends InputStream {
        private long position;

        ContentFrom(long position) {
            this.position = position;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int from, int length) throws IOException {
            int count = content.read(ByteBuffer.wrap(target, from, length), position);
            position += Math.max(count, 0);
            return count;
        }
    }
}
