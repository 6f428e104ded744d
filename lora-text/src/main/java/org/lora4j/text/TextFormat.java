package org.lora4j.text;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.apache.commons.csv.CSVFormat;
import org.jspecify.annotations.Nullable;

/** How rows stand in a file. */
enum TextFormat {
    /** Comma-separated values. */
    CSV(CSVFormat.RFC4180.builder().setIgnoreEmptyLines(true).get()),

    /** Tab-separated values without quotes. */
    TSV(CSVFormat.RFC4180
            .builder()
            .setIgnoreEmptyLines(true)
            .setDelimiter('\t')
            .setQuote(null)
            .get()),

    /** A JSON object in each line. */
    JSONL(null) {
        @Override
        boolean endsAtReturn() {
            return false;
        }

        @Override
        Cursor<TextRow> rows(TextLines lines, List<String> columns) {
            return new JsonLines(lines);
        }
    };

    @SuppressWarnings("ImmutableEnumChecker") // a format does not change
    private final @Nullable CSVFormat values;

    TextFormat(@Nullable CSVFormat values) {
        this.values = values;
    }

    /** Returns the format that the end of a name says, without {@code .gz}. */
    static TextFormat of(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT).replaceAll("\\.gz$", "");
        if (name.endsWith(".csv")) {
            return CSV;
        }
        if (name.endsWith(".tsv")) {
            return TSV;
        }
        if (name.endsWith(".jsonl") || name.endsWith(".json")) {
            return JSONL;
        }
        throw new IllegalArgumentException(file
                + ": the name must end with .csv, .tsv or .jsonl, or these and .gz; call csv, tsv or jsonl otherwise");
    }

    /** Whether a carriage return without a line feed ends a line. */
    boolean endsAtReturn() {
        return true;
    }

    /** Reads rows; the first line names the columns if none are given. JSONL has the names in each row. */
    Cursor<TextRow> rows(TextLines lines, List<String> columns) {
        return new DelimitedRows(lines, Objects.requireNonNull(values), columns);
    }

    Dataset<TextRow> read(Path file, String... columns) {
        List<String> names = List.of(columns);
        return Dataset.of(() -> rows(new TextLines(file, endsAtReturn()), names));
    }
}
