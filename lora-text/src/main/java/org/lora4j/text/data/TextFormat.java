package org.lora4j.text.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.apache.commons.csv.CSVFormat;
import org.jspecify.annotations.Nullable;

/** How rows stand in a file. */
enum TextFormat {
    /** Values with a character between them, with quotes. */
    CSV(CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).get(), ",;\t"),

    /** Tab-separated values without quotes. */
    TSV(CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).setQuote(null).get(), "\t"),

    /** A JSON object in each line. */
    JSONL(null, "") {
        @Override
        boolean endsAtReturn() {
            return false;
        }

        @Override
        Cursor<TextRow> rows(TextLines lines, DelimitedColumns columns) {
            return new JsonLines(lines);
        }

        @Override
        FileForm form(TextLines lines, DelimitedColumns columns) {
            String line = Objects.requireNonNullElse(lines.next(), "");
            return FileForm.of(lines, null, line.endsWith("\r\n") ? "\r\n" : null);
        }
    },

    /** A word with its tag in each line, and an empty line behind each text. */
    CONLL(null, "") {
        @Override
        Cursor<TextRow> rows(TextLines lines, DelimitedColumns columns) {
            return new ConllRows(lines);
        }

        @Override
        FileForm form(TextLines lines, DelimitedColumns columns) {
            throw new IllegalArgumentException(
                    lines.file() + ": the file must be CSV, TSV or JSONL, so that a column can be added, found CoNLL");
        }
    };

    private static final List<String> CONLL_ENDS = List.of(".conll", ".iob", ".bio");

    private static final List<String> SPREADSHEETS = List.of(".xlsx", ".xls", ".ods");

    @SuppressWarnings("ImmutableEnumChecker") // a format does not change
    private final @Nullable CSVFormat values;

    private final String delimiters;

    /**
     * Creates a format.
     *
     * @param delimiters what can stand between two values; the first that is in the first line does, or else the first
     */
    TextFormat(@Nullable CSVFormat values, String delimiters) {
        this.values = values;
        this.delimiters = delimiters;
    }

    /** Returns the format that the end of a name says, without {@code .gz}. */
    static TextFormat of(Path file) {
        return of(file.toString());
    }

    /** The same for a name that need not be that of a file. */
    static TextFormat of(String file) {
        String name = file.toLowerCase(Locale.ROOT).replaceAll("\\.gz$", "");
        if (name.endsWith(".csv")) {
            return CSV;
        }
        if (name.endsWith(".tsv")) {
            return TSV;
        }
        if (name.endsWith(".jsonl") || name.endsWith(".json")) {
            return JSONL;
        }
        if (CONLL_ENDS.stream().anyMatch(name::endsWith)) {
            return CONLL;
        }
        if (SPREADSHEETS.stream().anyMatch(name::endsWith)) {
            throw new IllegalArgumentException(
                    file + ": the file must be CSV, TSV or JSONL, found a spreadsheet; save it as CSV in UTF-8");
        }
        throw new IllegalArgumentException(file
                + ": the name must end with .csv, .tsv or .jsonl, or .conll for tags, or these and .gz; call csv, tsv or jsonl"
                + " otherwise");
    }

    /** The same for a file whose delimiter is known. */
    static TextFormat ofDelimited(Path file) {
        TextFormat format = of(file);
        if (!format.isDelimited()) {
            throw new IllegalArgumentException(file + ": a delimiter must be used with .csv or .tsv, found " + format);
        }
        return format;
    }

    /** Whether a first line can name the columns. */
    final boolean isDelimited() {
        return values != null;
    }

    /** Whether a carriage return without a line feed ends a line. */
    boolean endsAtReturn() {
        return true;
    }

    /** Reads rows. JSONL has the names of the columns in each row. */
    Cursor<TextRow> rows(TextLines lines, DelimitedColumns columns) {
        if (values == null) {
            throw new IllegalStateException(this + " must have its own rows");
        }
        return new DelimitedRows(lines, values, delimiters, columns);
    }

    /** Reads how the first row is written. */
    FileForm form(TextLines lines, DelimitedColumns columns) {
        DelimitedRows rows = new DelimitedRows(lines, Objects.requireNonNull(values), delimiters, columns);
        return FileForm.of(lines, rows.columns().delimiter(), rows.lineEnd());
    }

    final FileForm form(Path file, DelimitedColumns columns) {
        try (TextLines lines = new TextLines(file, endsAtReturn())) {
            return form(lines, columns);
        }
    }

    Dataset<TextRow> read(Path file, DelimitedColumns columns) {
        return Dataset.of(() -> rows(new TextLines(file, endsAtReturn()), columns));
    }
}
