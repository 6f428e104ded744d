package org.lora4j.text.tokens;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.lora4j.io.ModelSource;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.text.internal.Json;

/**
 * Where other programs cut texts: the {@code truncation} of {@code tokenizer.json}, which Hugging Face's tokenizers and what builds on them
 * apply, and {@code model_max_length} of {@code tokenizer_config.json}. This library reads {@link TextRules} and the program in their place.
 */
public final class Truncation {
    private static final String FIELD = "truncation";
    private static final JsonFactory JSON = new JsonFactory();

    private Truncation() {}

    /**
     * Writes where texts are cut into those of the two files that are there. A text loses its end, and of a pair the longer one loses tokens
     * first. All other bytes of {@code tokenizer.json} stay as they are.
     *
     * @param maxTokens the most tokens of a text, with the special ones; at least 1
     * @param folder the folder of the model
     * @throws IOException if a file cannot be read or written, or is no JSON object
     * @throws IllegalArgumentException if the number is less than 1
     */
    public static void write(int maxTokens, Path folder) throws IOException {
        Objects.requireNonNull(folder, "folder must not be null");
        if (maxTokens < 1) {
            throw new IllegalArgumentException("maxTokens must be at least 1, found " + maxTokens);
        }
        Path tokenizer = folder.resolve(Tokenizer.FILE);
        if (Files.exists(tokenizer)) {
            writeTokenizer(tokenizer, maxTokens);
        }
        ObjectNode config = Json.readIfExists(ModelSource.of(folder), TextRules.TOKENIZER);
        if (config != null) {
            config.put("model_max_length", maxTokens);
            if (config.has("truncation_side")) {
                config.put("truncation_side", "right");
            }
            Json.write(folder.resolve(TextRules.TOKENIZER), config);
        }
    }

    /** The file can have millions of tokens, so it is not read as a tree. */
    private static void writeTokenizer(Path file, int maxTokens) throws IOException {
        byte[] content = Files.readAllBytes(file);
        String value = "{\"direction\": \"Right\", \"max_length\": " + maxTokens
                + ", \"strategy\": \"LongestFirst\", \"stride\": 0}";
        int from;
        int to;
        try (JsonParser json = JSON.createParser(content)) {
            if (json.nextToken() != JsonToken.START_OBJECT) {
                throw new IOException(file + ": must be a JSON object, found " + json.currentToken());
            }
            from = Math.toIntExact(json.currentLocation().getByteOffset());
            to = from;
            while (json.nextToken() == JsonToken.FIELD_NAME) {
                boolean isIt = json.currentName().equals(FIELD);
                json.nextToken();
                int begin = Math.toIntExact(json.currentTokenLocation().getByteOffset());
                json.skipChildren();
                if (isIt) {
                    json.finishToken();
                    from = begin;
                    to = Math.toIntExact(json.currentLocation().getByteOffset());
                }
            }
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": must be JSON, found " + e.getOriginalMessage(), e);
        }
        String inserted = from == to ? "\"" + FIELD + "\": " + value + ", " : value;
        ByteBuffer before = ByteBuffer.wrap(content, 0, from);
        ByteBuffer after = ByteBuffer.wrap(content, to, content.length - to);
        AtomicFile.write(file, channel -> {
            AtomicFile.writeFully(channel, before);
            AtomicFile.writeFully(channel, ByteBuffer.wrap(inserted.getBytes(StandardCharsets.UTF_8)));
            AtomicFile.writeFully(channel, after);
        });
    }
}
