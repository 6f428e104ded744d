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

/** Writes rows as CSV, TSV or JSONL. */
interface RowWriter extends Closeable {
    /**
     * Writes a row.
     *
     * @param row the values by column
     * @throws IOException if the row cannot be written, or has other columns than the first one
     */
    void write(ObjectNode row) throws IOException;

    /**
     * Opens a file by the end of its name.
     *
     * @param file takes the bytes, and is closed with the writer
     * @param name the name that says the form: {@code .csv}, {@code .tsv}, {@code .jsonl} or {@code .json}, each also with
     *     {@code .gz}
     * @throws IllegalArgumentException if the name ends otherwise
     */
    static RowWriter open(OutputStream file, String name) throws IOException {
        String lower = name.toLowerCase(Locale.ROOT);
        boolean packed = lower.endsWith(".gz");
        String plain = packed ? lower.substring(0, lower.length() - 3) : lower;
        if (plain.endsWith(".csv")) {
            return new DelimitedWriter(text(file, packed), DelimitedWriter.CSV);
        }
        if (plain.endsWith(".tsv")) {
            return new DelimitedWriter(text(file, packed), DelimitedWriter.TSV);
        }
        if (plain.endsWith(".jsonl") || plain.endsWith(".json")) {
            return new JsonWriter(text(file, packed));
        }
        throw new IllegalArgumentException(
                name + ": the name must end with .csv, .tsv or .jsonl, or these and .gz; name the output so");
    }

    private static Writer text(OutputStream out, boolean packed) throws IOException {
        return new BufferedWriter(
                new OutputStreamWriter(packed ? new GZIPOutputStream(out) : out, StandardCharsets.UTF_8));
    }
}
