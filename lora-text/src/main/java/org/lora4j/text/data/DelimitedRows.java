package org.lora4j.text.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;

/** The rows of a file of values with a character between them. */
final class DelimitedRows implements Cursor<TextRow> {
    private static final Pattern QUOTED = Pattern.compile("\"[^\"]*\"");

    private final LineReader reader;
    private final Iterator<CSVRecord> records;
    private final CSVParser parser;
    private final List<String> columns;
    private final char delimiter;
    private boolean ended;

    /**
     * Reads the rows of some lines. The first one names the columns, and shows the delimiter, if these are not known.
     *
     * @param delimiters what the delimiter can be
     */
    DelimitedRows(TextLines lines, CSVFormat format, String delimiters, DelimitedColumns known) {
        reader = new LineReader(lines);
        try {
            delimiter = known.delimiter() != null
                    ? known.delimiter()
                    : known.names().isEmpty() ? delimiter(reader.firstLine(), delimiters) : delimiters.charAt(0);
            parser = CSVParser.builder()
                    .setReader(reader)
                    .setFormat(format.builder().setDelimiter(delimiter).get())
                    .get();
            records = parser.iterator();
            columns = known.names().isEmpty() ? header() : known.names();
        } catch (IOException e) {
            reader.close();
            throw new UncheckedIOException(e);
        } catch (RuntimeException e) {
            reader.close();
            throw e;
        }
    }

    /** What is known now. */
    DelimitedColumns columns() {
        return new DelimitedColumns(columns, delimiter);
    }

    /** What ends the first row; null if the file ends there. */
    @Nullable
    String lineEnd() {
        return parser.getFirstEndOfLine();
    }

    /** Returns the first delimiter that the line has outside of quotes; the first of all if it has none. */
    private static char delimiter(String line, String delimiters) {
        if (delimiters.length() == 1) {
            return delimiters.charAt(0);
        }
        String plain = QUOTED.matcher(line).replaceAll("");
        return (char) delimiters
                .chars()
                .filter(delimiter -> plain.indexOf(delimiter) >= 0)
                .findFirst()
                .orElse(delimiters.charAt(0));
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
        long line = line();
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
        ObjectNode row = StrictJson.MAPPER.createObjectNode();
        for (int i = 0; i < columns.size(); i++) {
            row.put(columns.get(i), values.get(i));
        }
        return new TextRow(reader.lines.file(), line, reader.offset(values.getCharacterPosition()), row);
    }

    /** The line after those that were read. */
    private long line() {
        return reader.linesBefore + parser.getCurrentLineNumber() + 1;
    }

    private @Nullable CSVRecord record() {
        if (ended) {
            return null;
        }
        long line = line();
        reader.startRow();
        try {
            if (records.hasNext()) {
                return records.next();
            }
            ended = true;
            return null;
        } catch (UncheckedIOException e) {
            ended = true;
            if (e == reader.failure) {
                throw e;
            }
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

    /** Gives the parser one line at a time, so that it does not read far ahead, and knows where each of them begins. */
    private static final class LineReader extends Reader {
        private final TextLines lines;
        private final long linesBefore;
        private final Deque<Place> places = new ArrayDeque<>();
        private String line = "";
        private int position;
        private long ofRow;
        private long characters;

        /** What the file threw; the parser throws its own in the same type. */
        private @Nullable UncheckedIOException failure;

        /** Where a line begins, in characters for the parser and in bytes of the file. */
        private record Place(long character, long offset) {}

        LineReader(TextLines lines) {
            this.lines = lines;
            linesBefore = lines.line();
        }

        /** Returns where a line begins in bytes; those before it are forgotten. */
        long offset(long character) {
            Place place = places.remove();
            while (!places.isEmpty() && places.element().character() <= character) {
                place = places.remove();
            }
            places.addFirst(place);
            return place.offset();
        }

        void startRow() {
            ofRow = 0;
        }

        /** Returns the first line, which is read again; an empty one if there is none. */
        String firstLine() {
            try {
                hasMore();
                return line;
            } catch (TextFormatException e) {
                throw e.ending();
            }
        }

        private boolean hasMore() {
            if (position < line.length()) {
                return true;
            }
            String next = nextLine();
            if (next == null) {
                return false;
            }
            line = next;
            position = 0;
            places.add(new Place(characters, lines.offset()));
            characters += next.length();
            ofRow += next.length();
            if (ofRow > TextLines.MOST_BYTES) {
                throw TextFormatException.ofRest(
                        lines.file(),
                        lines.line(),
                        "a row must have at most " + TextLines.MOST_BYTES
                                + " characters, found more; a quote may not be closed");
            }
            return true;
        }

        private @Nullable String nextLine() {
            try {
                return lines.next();
            } catch (UncheckedIOException e) {
                failure = e;
                throw e;
            }
        }

        @Override
        public int read(char[] target, int offset, int length) {
            if (!hasMore()) {
                return -1;
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
