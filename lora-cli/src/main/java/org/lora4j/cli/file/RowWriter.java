package org.lora4j.cli.file;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedWriter;
import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.FileForm;

/** Writes rows as CSV, TSV or JSONL. */
interface RowWriter extends Closeable {
    /**
     * Writes a row.
     *
     * @param row the values by column
     * @throws IOException if the row cannot be written, or has other columns than the first one
     */
    void write(ObjectNode row) throws IOException;

    /** What the end of a name says, also before {@code .gz}. */
    enum Format {
        CSV,
        TSV,
        JSONL;

        /**
         * Returns the format of a file.
         *
         * @throws IllegalArgumentException if the name says none
         */
        static Format of(String name) {
            String plain = isPacked(name) ? name.substring(0, name.length() - GZIP.length()) : name;
            String lower = plain.toLowerCase(Locale.ROOT);
            if (lower.endsWith(".csv")) {
                return CSV;
            }
            if (lower.endsWith(".tsv")) {
                return TSV;
            }
            if (lower.endsWith(".jsonl") || lower.endsWith(".json")) {
                return JSONL;
            }
            throw new IllegalArgumentException(
                    name + ": the name must end with .csv, .tsv or .jsonl, or these and .gz; name the output so");
        }

        /** Returns how the rows of a new file are written. */
        FileForm form() {
            return new FileForm(this == JSONL ? null : this == CSV ? ',' : '\t', "\n", false);
        }
    }

    /** The end of the name of a packed file. */
    String GZIP = ".gz";

    /** Whether the end of a name says that the file is packed. */
    static boolean isPacked(String name) {
        return name.toLowerCase(Locale.ROOT).endsWith(GZIP);
    }

    /**
     * Opens a file by the end of its name.
     *
     * @param file takes the bytes, and is closed with the writer
     * @param name the name that says the format: {@code .csv}, {@code .tsv}, {@code .jsonl} or {@code .json}, each also with
     *     {@code .gz}
     * @param asked how the rows are written; null for a new file
     * @throws IllegalArgumentException if the name ends otherwise
     */
    static RowWriter open(OutputStream file, String name, @Nullable FileForm asked) throws IOException {
        Format format = Format.of(name);
        FileForm form = asked == null ? format.form() : asked;
        Writer text = new BufferedWriter(
                new OutputStreamWriter(isPacked(name) ? new GZIPOutputStream(file) : file, StandardCharsets.UTF_8));
        if (form.byteOrderMark()) {
            text.write('\uFEFF');
        }
        return format == Format.JSONL
                ? new JsonWriter(text, form.lineEnd())
                : new DelimitedWriter(text, form, format == Format.CSV);
    }
}
