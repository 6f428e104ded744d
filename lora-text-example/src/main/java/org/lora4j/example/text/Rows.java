package org.lora4j.example.text;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextFiles;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.data.TextSpan;

/** Examples as rows of a file, a JSON object on each line. */
public final class Rows {
    private Rows() {}

    /**
     * Writes a file, and replaces one that is there.
     *
     * @param file the file
     * @param rows the rows, with the fields in their order
     * @return the file
     * @throws IOException if it cannot be written
     */
    public static Path write(Path file, Stream<Map<String, Object>> rows) throws IOException {
        Files.deleteIfExists(file);
        for (Map<String, Object> row : rows.toList()) {
            TextFiles.append(file, TextRow.of(row));
        }
        return file;
    }

    /**
     * Returns a text with its class.
     *
     * @param text the text
     * @return {@code text} and {@code label}
     */
    public static Map<String, Object> of(LabelledText text) {
        return row("text", text.text(), "label", text.label());
    }

    /** Returns a text with its spans. */
    static Map<String, Object> of(TaggedText text) {
        List<Map<String, Object>> spans = text.spans().stream().map(Rows::of).toList();
        return row("text", text.words().text(), "spans", spans);
    }

    private static Map<String, Object> of(TextSpan span) {
        Map<String, Object> row = row("start", span.start(), "end", span.end());
        row.put("label", span.label());
        return row;
    }

    /** Returns a row of two fields. */
    static Map<String, Object> row(String first, Object value, String second, Object other) {
        Map<String, Object> row = new LinkedHashMap<>();
        row.put(first, value);
        row.put(second, other);
        return row;
    }
}
