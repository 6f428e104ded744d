package org.lora4j.cli.file;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.DataFile;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.text.data.Dataset;
import org.lora4j.text.data.FileForm;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.data.TextRow;

/**
 * Copies a file of rows, and adds values to each of them. Only a few rows are in memory at a time. The output appears as a whole,
 * after the last row. If it is of the same format as the input, it is written in the same form, with the same delimiter, line ends
 * and byte order mark.
 *
 * @param input the file that is read
 * @param output the file that is written, in the form that its name says
 * @param skipped is given lines that are wrong, which are left out; null to fail at the first
 */
public record RowFile(DataFile input, Path output, @Nullable Consumer<TextFormatException> skipped) {
    private static final int ROWS_AT_A_TIME = 64;

    /**
     * Copies the rows.
     *
     * @param read takes what is needed of a row; refuses a row that is wrong
     * @param added returns the new values for some rows, by column
     * @param <T> what is needed of a row
     * @return the number of rows that were written
     * @throws IOException if a file cannot be read or written, or a new column exists already
     */
    public <T> long copy(Function<TextRow, T> read, Function<List<T>, List<Map<String, Object>>> added)
            throws IOException {
        RowWriter.Format format = RowWriter.Format.of(output.toString());
        try {
            // First, because it says what is wrong with the name of the input.
            FileForm form = input.form();
            boolean isSame = format == RowWriter.Format.of(input.file().toString());
            return write(output, isSame ? form : null, sink -> copy(read, added, sink));
        } catch (TextFormatException e) {
            throw DataFile.advised(e);
        }
    }

    /** Takes rows. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes a row.
         *
         * @param row the values by column
         * @throws IOException if the row cannot be written
         */
        void add(ObjectNode row) throws IOException;
    }

    /** Makes rows. */
    @FunctionalInterface
    public interface Rows {
        /**
         * Makes all rows.
         *
         * @param sink takes each of them
         * @return their number
         * @throws IOException if a row cannot be read or written
         */
        long writeTo(Sink sink) throws IOException;
    }

    /**
     * Writes a file, which appears as a whole after the last row. If two programs write the same file, each writes all of its rows,
     * and the file has those of the last.
     *
     * @param output the file, in the form that its name says
     * @param made makes the rows
     * @return their number
     * @throws IOException if the file cannot be written
     */
    public static long write(Path output, Rows made) throws IOException {
        return write(output, null, made);
    }

    private static long write(Path output, @Nullable FileForm form, Rows made) throws IOException {
        Path folder = output.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new FileSystemException(output.toString(), null, "must be in a folder that exists, found none");
        }
        long[] rows = new long[1];
        try {
            AtomicFile.write(output, channel -> rows[0] = write(channel, output.toString(), form, made));
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
        return rows[0];
    }

    private static long write(FileChannel channel, String name, @Nullable FileForm form, Rows made) throws IOException {
        try (RowWriter writer = RowWriter.open(new OpenStream(channel), name, form)) {
            return made.writeTo(writer::write);
        } catch (FileSystemException e) {
            // It names the file that is wrong, which is another one.
            throw new UncheckedIOException(e);
        }
    }

    /** A stream into a channel that stays open. */
    private static final class OpenStream extends FilterOutputStream {
        OpenStream(FileChannel channel) {
            super(Channels.newOutputStream(channel));
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }

    private record Item<T>(String row, T needed) {}

    private <T> long copy(Function<TextRow, T> read, Function<List<T>, List<Map<String, Object>>> added, Sink sink)
            throws IOException {
        Dataset<Item<T>> items = input.all().map(row -> new Item<>(row.json(), read.apply(row)));
        long rows = 0;
        for (List<Item<T>> some : (skipped == null ? items : items.skipping(skipped)).batches(ROWS_AT_A_TIME)) {
            List<Map<String, Object>> values =
                    added.apply(some.stream().map(Item::needed).toList());
            for (int i = 0; i < some.size(); i++) {
                sink.add(row(some.get(i).row(), values.get(i)));
            }
            rows += some.size();
        }
        return rows;
    }

    private static ObjectNode row(String before, Map<String, Object> values) throws IOException {
        ObjectNode row = (ObjectNode) StrictJson.MAPPER.readTree(before);
        for (Map.Entry<String, Object> value : values.entrySet()) {
            if (row.has(value.getKey())) {
                throw new IOException(
                        "the input must not have a column " + value.getKey() + ", found one; rename it there");
            }
            row.set(value.getKey(), StrictJson.MAPPER.valueToTree(value.getValue()));
        }
        return row;
    }
}
