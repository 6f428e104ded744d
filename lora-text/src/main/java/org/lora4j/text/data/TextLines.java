package org.lora4j.text.data;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.internal.FileAccess;

/** The lines of a file in UTF-8, which may be packed with gzip. A line keeps what ends it. */
final class TextLines implements AutoCloseable {
    /** A line that is longer is no text, but a file of another kind. */
    static final int MOST_BYTES = 16_000_000;

    /** A small packed file can hold a thousand million of them. */
    static final long MOST_EMPTY_LINES = 1_000_000;

    private static final int BUFFER = 1 << 16;

    private final Path file;
    private final InputStream in;
    private final boolean endsAtReturn;
    private long line;
    private long emptyLines;
    private boolean hasByteOrderMark;
    private long offset;
    private long nextOffset;

    /**
     * Opens a file.
     *
     * @param endsAtReturn whether a carriage return without a line feed ends a line, as in old files of CSV
     */
    TextLines(Path file, boolean endsAtReturn) {
        this.file = file;
        this.endsAtReturn = endsAtReturn;
        try {
            in = unpacked(new BufferedInputStream(Channels.newInputStream(FileAccess.open(file)), BUFFER));
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /**
     * Goes on within a file.
     *
     * @param in what follows there, unpacked
     * @param offset where that begins, in bytes
     * @param lines the number of lines before it
     */
    TextLines(Path file, boolean endsAtReturn, BufferedInputStream in, long offset, long lines) {
        this.file = file;
        this.endsAtReturn = endsAtReturn;
        this.in = in;
        nextOffset = offset;
        line = lines;
    }

    /** Unpacks what begins as gzip does. */
    static InputStream unpacked(BufferedInputStream in) throws IOException {
        try {
            in.mark(2);
            boolean packed = in.read() == 0x1f && in.read() == 0x8b;
            in.reset();
            return packed ? new BufferedInputStream(new GZIPInputStream(in, BUFFER), BUFFER) : in;
        } catch (IOException e) {
            in.close();
            throw e;
        }
    }

    private UncheckedIOException unreadable(IOException e) {
        String where = line == 0 ? file.toString() : file + ":" + (line + 1);
        // Only a packed file says that it goes on.
        String found = e instanceof EOFException
                ? ": a file packed with gzip must be whole, found its end too early; copy it again"
                : ": cannot be read, found " + e;
        return new UncheckedIOException(where + found, e);
    }

    Path file() {
        return file;
    }

    /** The number of the line that was returned last, from 1. */
    long line() {
        return line;
    }

    /** Where the line begins that was returned last, in bytes of the unpacked file. */
    long offset() {
        return offset;
    }

    /** Whether the first line began with U+FEFF, which is no part of it. */
    boolean hasByteOrderMark() {
        return hasByteOrderMark;
    }

    /** Returns the next line; null at the end. */
    @Nullable
    String next() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
        try {
            for (int b = in.read(); b >= 0; b = in.read()) {
                bytes.write(b);
                if (b == '\n' || (b == '\r' && endsAtReturn && !isBeforeLineFeed())) {
                    break;
                }
                if (bytes.size() > MOST_BYTES) {
                    throw TextFormatException.ofRest(
                            file, line + 1, "a line must have at most " + MOST_BYTES + " bytes, found more");
                }
            }
        } catch (IOException e) {
            throw unreadable(e);
        }
        if (bytes.size() == 0) {
            return null;
        }
        line++;
        offset = nextOffset;
        nextOffset += bytes.size();
        String text = decoded(bytes.toByteArray());
        countEmpty(text);
        return text;
    }

    private void countEmpty(String text) {
        boolean isEmpty = text.equals("\n") || text.equals("\r\n") || text.equals("\r");
        emptyLines = isEmpty ? emptyLines + 1 : 0;
        if (emptyLines > MOST_EMPTY_LINES) {
            throw TextFormatException.ofRest(
                    file, line, "at most " + MOST_EMPTY_LINES + " empty lines may follow each other, found more");
        }
    }

    private boolean isBeforeLineFeed() throws IOException {
        in.mark(1);
        int next = in.read();
        in.reset();
        return next == '\n';
    }

    private String decoded(byte[] bytes) {
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            boolean marked = line == 1 && text.startsWith("\uFEFF");
            hasByteOrderMark |= marked;
            return marked ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw TextFormatException.ofLine(file, line, "must be UTF-8, found other bytes");
        }
    }

    @Override
    public void close() {
        try {
            in.close();
        } catch (IOException e) {
            throw unreadable(e);
        }
    }
}
