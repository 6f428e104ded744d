package org.lora4j.text.tokens;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.lora4j.io.GgufSource;
import org.lora4j.io.ModelSource;
import org.lora4j.io.gguf.internal.GgufKeys;

/**
 * The length of the longest token of a vocabulary, in characters. In vocabularies of bytes a letter stands for a byte, and a character
 * has at least one byte. So a text has at most as many characters as its tokens times this number.
 *
 * <p>This does not hold where characters leave no token: with {@code fuse_unk}, where one unknown token stands for many characters,
 * with normalizers that drop characters such as white space, and for added tokens with {@code lstrip} or {@code rstrip}, which take
 * the white space beside them. Who bounds a text by this number refuses some texts of such characters that have few tokens.
 */
public final class LongestToken {
    private static final JsonFactory JSON = new JsonFactory();

    private LongestToken() {}

    /**
     * Reads {@code tokenizer.json}, without a tree of its many tokens.
     *
     * @param source the files of a model, whose tokenizer was loaded, and so is not too long
     * @return the most characters of a token of the vocabulary or of an added one, at least 1
     * @throws IOException if the file cannot be read or is no JSON
     */
    public static int read(ModelSource source) throws IOException {
        if (source instanceof GgufSource gguf) {
            return ofGguf(gguf.keys());
        }
        try (InputStream in = source.open(Tokenizer.FILE);
                JsonParser json = JSON.createParser(in)) {
            json.nextToken();
            return ofFields(json);
        } catch (JsonProcessingException e) {
            throw new IOException(
                    source.describe(Tokenizer.FILE) + ": must be JSON, found " + e.getOriginalMessage(), e);
        }
    }

    private static int ofGguf(GgufKeys keys) throws IOException {
        return keys.texts("tokenizer.ggml.tokens").orElse(List.of()).stream()
                .mapToInt(String::length)
                .reduce(1, Math::max);
    }

    private static int ofFields(JsonParser json) throws IOException {
        int longest = 1;
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String name = json.currentName();
            JsonToken value = json.nextToken();
            int ofValue = switch (name) {
                case "model" -> value == JsonToken.START_OBJECT ? ofFields(json) : 1;
                // A map from tokens to ids, or a list of tokens with their probabilities.
                case "vocab" ->
                    ofTexts(json, value == JsonToken.START_OBJECT ? JsonToken.FIELD_NAME : JsonToken.VALUE_STRING);
                case "added_tokens" -> ofTexts(json, JsonToken.VALUE_STRING);
                default -> {
                    json.skipChildren();
                    yield 1;
                }
            };
            longest = Math.max(longest, ofValue);
        }
        return longest;
    }

    /** The longest text of a kind in the value that begins here. */
    private static int ofTexts(JsonParser json, JsonToken kind) throws IOException {
        int longest = 1;
        int depth = 0;
        JsonToken token = json.currentToken();
        while (token != null) {
            depth += token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
            if (depth == 0) {
                return longest;
            }
            if (token == kind) {
                longest = Math.max(longest, json.getText().length());
            }
            token = json.nextToken();
        }
        return longest;
    }
}
