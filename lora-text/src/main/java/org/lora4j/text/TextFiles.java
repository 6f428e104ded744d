package org.lora4j.text;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.apache.commons.csv.CSVFormat;

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
    private static final CSVFormat CSV =
            CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).get();
    private static final CSVFormat TSV = CSVFormat.RFC4180
            .builder()
            .setIgnoreEmptyLines(true)
            .setDelimiter('\t')
            .setQuote(null)
            .get();

    private TextFiles() {}

    /**
     * Reads a file by the end of its name: {@code .csv}, {@code .tsv}, {@code .jsonl} or {@code .json}, each also with
     * {@code .gz}. The first line of CSV and TSV names the columns.
     *
     * @param file the file
     * @return its rows
     * @throws IllegalArgumentException if the name ends otherwise
     */
    public static Dataset<TextRow> read(Path file) {
        Objects.requireNonNull(file, "file must not be null");
        String name = file.toString().toLowerCase(Locale.ROOT).replaceAll("\\.gz$", "");
        if (name.endsWith(".csv")) {
            return csv(file);
        }
        if (name.endsWith(".tsv")) {
            return tsv(file);
        }
        if (name.endsWith(".jsonl") || name.endsWith(".json")) {
            return jsonl(file);
        }
        throw new IllegalArgumentException(file
                + ": the name must end with .csv, .tsv or .jsonl, or these and .gz; call csv, tsv or jsonl otherwise");
    }

    /**
     * Reads comma-separated values (<a href="https://www.rfc-editor.org/rfc/rfc4180">RFC 4180</a>): a value in double quotes
     * can have commas, line feeds and, doubled, quotes.
     *
     * @param file the file
     * @param columns the names of the columns; none if the first line has them
     * @return its rows
     */
    public static Dataset<TextRow> csv(Path file, String... columns) {
        return delimited(file, CSV, columns);
    }

    /**
     * Reads tab-separated values. A quote is a character as any other, and a value ends at the next tab or the end of the line.
     *
     * @param file the file
     * @param columns the names of the columns; none if the first line has them
     * @return its rows
     */
    public static Dataset<TextRow> tsv(Path file, String... columns) {
        return delimited(file, TSV, columns);
    }

    private static Dataset<TextRow> delimited(Path file, CSVFormat format, String... columns) {
        Objects.requireNonNull(file, "file must not be null");
        List<String> names = List.of(columns);
        return Dataset.of(() -> new DelimitedRows(file, format, names));
    }

    /**
     * Reads a JSON object from each line.
     *
     * @param file the file
     * @return its rows
     */
    public static Dataset<TextRow> jsonl(Path file) {
        Objects.requireNonNull(file, "file must not be null");
        return Dataset.of(() -> new JsonLines(file));
    }
}
