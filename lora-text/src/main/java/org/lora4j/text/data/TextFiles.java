package org.lora4j.text.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Data sets in files of UTF-8, plain or packed with gzip. They are read line by line, each time a data set is iterated over, and
 * never held in memory as a whole. A file is opened when the iteration begins.
 *
 * <table>
 * <caption>What stops an iteration, or can be left out with {@link Dataset#skipping}</caption>
 * <tr><th>line</th><th>what happens</th></tr>
 * <tr><td>not UTF-8, not JSON, too few or too many values</td><td>{@link TextFormatException}</td></tr>
 * <tr><td>longer than 16 million bytes, a quote that is never closed</td><td>{@link TextFormatException}, which cannot be left
 * out: nothing tells where the next row begins</td></tr>
 * <tr><td>a text of white space, half a character</td><td>{@link TextFormatException} by {@link TextRow#text}</td></tr>
 * <tr><td>empty line</td><td>left out</td></tr>
 * <tr><td>control characters, NUL</td><td>stay in the text</td></tr>
 * </table>
 *
 * <p>A file that cannot be read gives an {@link java.io.UncheckedIOException} that names it.
 */
public final class TextFiles {
    private TextFiles() {}

    /**
     * Reads a file by the end of its name: {@code .csv}, {@code .tsv}, {@code .jsonl} or {@code .json}, or {@code .conll}, {@code .iob} or
     * {@code .bio}, each also with {@code .gz}. The first line of CSV and TSV names the columns. That of CSV also shows the delimiter, as
     * {@link #csv} says.
     *
     * @param file the file
     * @return its rows
     * @throws IllegalArgumentException if the name ends otherwise
     */
    public static Dataset<TextRow> read(Path file) {
        Objects.requireNonNull(file, "file must not be null");
        return TextFormat.of(file).read(file, DelimitedColumns.UNKNOWN);
    }

    /**
     * Reads a file of {@code .csv} or {@code .tsv}, also with {@code .gz}, whose first line names the columns.
     *
     * @param file the file
     * @param delimiter the character between two values, such as a semicolon
     * @return its rows
     * @throws IllegalArgumentException if the name ends otherwise, or the character cannot be a delimiter
     */
    public static Dataset<TextRow> read(Path file, char delimiter) {
        Objects.requireNonNull(file, "file must not be null");
        return TextFormat.ofDelimited(file).read(file, DelimitedColumns.delimitedBy(delimiter));
    }

    /**
     * Reads comma-separated values (<a href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180</a>): a value in double quotes
     * can have commas, line feeds and, doubled, quotes. If the first line names the columns, and has no comma outside of
     * quotes, the values are separated by its semicolons, or else by its tabs, as spreadsheets of many countries write them.
     *
     * @param file the file
     * @param columns the names of the columns; none if the first line has them
     * @return its rows
     */
    public static Dataset<TextRow> csv(Path file, String... columns) {
        Objects.requireNonNull(file, "file must not be null");
        return TextFormat.CSV.read(file, new DelimitedColumns(List.of(columns), null));
    }

    /**
     * Reads tab-separated values. A quote is a character as any other, and a value ends at the next tab or the end of the line.
     *
     * @param file the file
     * @param columns the names of the columns; none if the first line has them
     * @return its rows
     */
    public static Dataset<TextRow> tsv(Path file, String... columns) {
        Objects.requireNonNull(file, "file must not be null");
        return TextFormat.TSV.read(file, new DelimitedColumns(List.of(columns), null));
    }

    /**
     * Reads a JSON object from each line.
     *
     * @param file the file
     * @return its rows
     */
    public static Dataset<TextRow> jsonl(Path file) {
        Objects.requireNonNull(file, "file must not be null");
        return TextFormat.JSONL.read(file, DelimitedColumns.UNKNOWN);
    }

    /**
     * Adds a row to a file of JSON lines, which is made if it is missing. All of the row is written at once. Behind a line without an end,
     * such as one of a process that was killed, the row begins a new line.
     *
     * @param file the file, whose name ends with {@code .jsonl} or {@code .json}; one process at a time may add rows
     * @param row the row
     * @throws IllegalArgumentException if the name ends otherwise, or a text has half a character
     * @throws IOException if the file cannot be written
     */
    public static void append(Path file, TextRow row) throws IOException {
        Objects.requireNonNull(file, "file must not be null");
        Objects.requireNonNull(row, "row must not be null");
        String name = file.toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".jsonl") && !name.endsWith(".json")) {
            throw new IllegalArgumentException(
                    file + ": the name of a file to which rows are added must end with .jsonl, found another end");
        }
        JsonLines.append(file, row.json());
    }

    /**
     * Reads texts with a tag for each word in the form of CoNLL: a word in each line, then its columns, of which the last one is its tag, and
     * an empty line behind each text. The columns are divided by tabs if the line has one, or else by spaces. A line
     * that begins with {@code -DOCSTART-} ends a text too. Lines that begin with {@code #} are left out if they have
     * another number of columns, or an equals sign in the last one.
     *
     * @param file the file
     * @return a row for each text, with the lists {@code tokens} and {@code tags}; see {@link TaggedColumns}
     */
    public static Dataset<TextRow> conll(Path file) {
        Objects.requireNonNull(file, "file must not be null");
        return TextFormat.CONLL.read(file, DelimitedColumns.UNKNOWN);
    }
}
