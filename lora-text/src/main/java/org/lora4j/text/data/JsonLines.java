package org.lora4j.text.data;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.internal.AtomicFile;
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

    /** Adds an object to the end of a file. */
    static synchronized void append(Path file, String object) throws IOException {
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long end = channel.size();
            ByteBuffer last = ByteBuffer.allocate(1);
            boolean isOpen = end > 0 && channel.read(last, end - 1) == 1 && last.get(0) != '\n';
            String line = (isOpen ? "\n" : "") + object + "\n";
            AtomicFile.writeFully(
                    channel.position(end), StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(line)));
        } catch (CharacterCodingException e) {
            throw new IllegalArgumentException(
                    file + ": a row must have whole characters, found a surrogate that stands alone", e);
        }
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
