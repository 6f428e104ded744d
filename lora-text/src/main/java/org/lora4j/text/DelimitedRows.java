package org.lora4j.text;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;

/** The rows of a file of CSV or TSV. */
final class DelimitedRows implements Cursor<TextRow> {
    private final LineReader reader;
    private final Iterator<CSVRecord> records;
    private final CSVParser parser;
    private final List<String> columns;
    private boolean ended;

    /** Opens a file. Its first row names the columns if none are given. */
    DelimitedRows(Path file, CSVFormat format, List<String> columns) {
        reader = new LineReader(new TextLines(file));
        try {
            parser = CSVParser.builder().setReader(reader).setFormat(format).get();
            records = parser.iterator();
            this.columns = columns.isEmpty() ? header() : columns;
        } catch (IOException e) {
            reader.close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            reader.close();
            throw e;
        }
    }

    private List<String> header() {
        CSVRecord first = record();
        if (first == null) {
            throw TextFormatException.ofRest(
                    reader.lines.file(), 1, "the first line must name the columns, found an empty file");
        }
        List<String> names = first.toList();
        if (new HashSet<>(names).size() != names.size() || names.stream().anyMatch(String::isBlank)) {
            throw TextFormatException.ofRest(
                    reader.lines.file(), 1, "the first line must name each column once, found " + names);
        }
        return names;
    }

    @Override
    public @Nullable TextRow next() {
        long line = parser.getCurrentLineNumber() + 1;
        CSVRecord values = record();
        if (values == null) {
            return null;
        }
        if (values.size() != columns.size()) {
            throw TextFormatException.ofLine(
                    reader.lines.file(),
                    line,
                    "must have a value for each of the " + columns.size() + " columns " + columns + ", found "
                            + values.size());
        }
        ObjectNode row = Json.MAPPER.createObjectNode();
        for (int i = 0; i < columns.size(); i++) {
            row.put(columns.get(i), values.get(i));
        }
        return new TextRow(reader.lines.file(), line, row);
    }

    private @Nullable CSVRecord record() {
        if (ended) {
            return null;
        }
        long line = parser.getCurrentLineNumber() + 1;
        reader.startRow();
        try {
            if (records.hasNext()) {
                return records.next();
            }
            ended = true;
            return null;
        } catch (UncheckedIOException e) {
            ended = true;
            String found = Objects.requireNonNullElse(e.getCause(), e).getMessage();
            throw TextFormatException.ofRest(
                    reader.lines.file(),
                    line,
                    "a value with quotes must be quoted as a whole, with two quotes for each quote in it, found: "
                            + found);
        } catch (TextFormatException e) {
            ended = true;
            throw e.ending();
        }
    }

    @Override
    public void close() {
        reader.close();
    }

    /** Gives the parser one line at a time, so that it does not read far ahead. */
    private static final class LineReader extends Reader {
        private final TextLines lines;
        private String line = "";
        private int position;
        private long ofRow;

        LineReader(TextLines lines) {
            this.lines = lines;
        }

        void startRow() {
            ofRow = 0;
        }

        @Override
        public int read(char[] target, int offset, int length) {
            if (position == line.length()) {
                String next = lines.next();
                if (next == null) {
                    return -1;
                }
                line = next;
                position = 0;
                ofRow += next.length();
                if (ofRow > TextLines.MOST_BYTES) {
                    throw TextFormatException.ofRest(
                            lines.file(),
                            lines.line(),
                            "a row must have at most " + TextLines.MOST_BYTES
                                    + " characters, found more; a quote may not be closed");
                }
            }
            int count = Math.min(length, line.length() - position);
            line.getChars(position, position + count, target, offset);
            position += count;
            return count;
        }

        @Override
        public void close() {
            lines.close();
        }
    }
}
