package org.lora4j.text.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.text.internal.Json;

/** The rows of a file that has a JSON object in each line. Empty lines are left out. */
final class JsonLines implements Cursor<TextRow> {
    private final TextLines lines;

    JsonLines(TextLines lines) {
        this.lines = lines;
    }

    @Override
    public @Nullable TextRow next() {
        String line = lines.next();
        while (line != null && line.isBlank()) {
            line = lines.next();
        }
        return line == null ? null : row(line);
    }

    private TextRow row(String line) {
        String found;
        try {
            JsonNode value = StrictJson.MAPPER.readTree(line);
            if (value instanceof ObjectNode object) {
                return new TextRow(lines.file(), lines.line(), lines.offset(), object);
            }
            found = Json.describe(value);
        } catch (JsonProcessingException e) {
            found = e.getOriginalMessage();
        }
        throw TextFormatException.ofLine(lines.file(), lines.line(), "must be a JSON object, found " + found);
    }

    @Override
    public void close() {
        lines.close();
    }
}
