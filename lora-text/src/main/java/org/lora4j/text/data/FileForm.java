package org.lora4j.text.data;

import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How the rows of a file of {@link TextFiles} are written, so that a copy of it can be written in the same way.
 *
 * @param delimiter the character between two values of CSV or TSV; null for JSONL
 * @param lineEnd what ends the first row: a line feed, with or without a carriage return before it, or a carriage return
 * @param byteOrderMark whether the file begins with U+FEFF
 */
public record FileForm(@Nullable Character delimiter, String lineEnd, boolean byteOrderMark) {
    /** What a row ends with if a file has one row and nothing behind it. */
    static final String DEFAULT_END = "\n";

    /**
     * Checks the fields.
     *
     * @param delimiter the character between two values of CSV or TSV; null for JSONL
     * @param lineEnd what ends the first row
     * @param byteOrderMark whether the file begins with U+FEFF
     */
    public FileForm {
        Objects.requireNonNull(lineEnd, "lineEnd must not be null");
    }

    /**
     * Reads the first row of a file.
     *
     * @param file the file
     * @param delimiter the character between two values; null for what the first line shows
     * @return its form
     * @throws IllegalArgumentException if the name of the file does not say its format, or a delimiter is given for JSONL
     * @throws TextFormatException if the first line is wrong
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static FileForm of(Path file, @Nullable Character delimiter) {
        Objects.requireNonNull(file, "file must not be null");
        return delimiter == null
                ? TextFormat.of(file).form(file, DelimitedColumns.UNKNOWN)
                : TextFormat.ofDelimited(file).form(file, DelimitedColumns.delimitedBy(delimiter));
    }

    /** The form of a file of which a line was read. */
    static FileForm of(TextLines lines, @Nullable Character delimiter, @Nullable String lineEnd) {
        return new FileForm(delimiter, lineEnd == null ? DEFAULT_END : lineEnd, lines.hasByteOrderMark());
    }
}
