package org.lora4j.text.tokens.internal;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ModelSource;

/** The vocabulary of a {@code tokenizer.json}, read without a tree of its many tokens and merges. */
public final class TokenizerFile {
    public static final String NAME = "tokenizer.json";

    /** Vocabularies of 250,000 tokens have 20 MB. */
    public static final int MOST_BYTES = 200_000_000;

    static final int MOST_TOKENS = 4_000_000;
    private static final String SPACE = "\u2581";
    private static final Pattern BYTE = Pattern.compile("<0x[0-9A-Fa-f]{2}>");
    /** A value of the file is followed by others. */
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final String name;
    private final TreeMap<Integer, String> tokens = new TreeMap<>();
    /** Texts that are found as a whole, by their ids. */
    private final Map<Integer, String> added = new LinkedHashMap<>();

    private JsonNode decoder = MissingNode.getInstance();

    private TokenizerFile(String name) {
        this.name = name;
    }

    static StoredTokens read(ModelSource source) throws IOException {
        byte[] content;
        try (InputStream in = source.open(NAME)) {
            content = in.readNBytes(MOST_BYTES + 1);
        }
        TokenizerFile file = new TokenizerFile(source.describe(NAME));
        if (content.length > MOST_BYTES) {
            throw file.refuse("must have at most " + MOST_BYTES + " bytes", "more");
        }
        try (JsonParser json = MAPPER.createParser(content)) {
            json.nextToken();
            file.readFields(json);
        } catch (JsonProcessingException e) {
            throw new IOException(file.name + ": must be JSON, found " + e.getOriginalMessage(), e);
        }
        return file.tokens();
    }

    private IOException refuse(String rule, String found) {
        return new IOException(name + ": " + rule + ", found " + found);
    }

    private void readFields(JsonParser json) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            switch (field) {
                case "decoder" -> decoder = json.readValueAsTree();
                case "added_tokens" -> readAdded(json);
                case "model" -> {
                    if (value == JsonToken.START_OBJECT) {
                        readModel(json);
                    }
                }
                default -> json.skipChildren();
            }
        }
    }

    private void readAdded(JsonParser json) throws IOException {
        JsonNode all = json.readValueAsTree();
        for (JsonNode one : all) {
            added.put(one.path("id").asInt(-1), one.path("content").asText());
        }
    }

    private void readModel(JsonParser json) throws IOException {
        while (json.nextToken() == JsonToken.FIELD_NAME) {
            String field = json.currentName();
            JsonToken value = json.nextToken();
            if (field.equals("vocab") && value == JsonToken.START_OBJECT) {
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String token = json.currentName();
                    json.nextToken();
                    add(json.getValueAsInt(-1), token);
                }
            } else if (field.equals("vocab") && value == JsonToken.START_ARRAY) {
                for (int id = 0; json.nextToken() == JsonToken.START_ARRAY; id++) {
                    json.nextToken();
                    add(id, json.getValueAsString(""));
                    while (json.nextToken() != JsonToken.END_ARRAY) {
                        json.skipChildren();
                    }
                }
            } else {
                json.skipChildren();
            }
        }
    }

    private void add(int id, String token) throws IOException {
        if (id < 0 || id >= MOST_TOKENS) {
            throw refuse(
                    "the id of each token must be from 0 to " + (MOST_TOKENS - 1),
                    id + " for " + MessageText.quote(token));
        }
        tokens.put(id, token);
    }

    /** The decoders, of which one may be a sequence. */
    private List<JsonNode> decoders() {
        List<JsonNode> all = new ArrayList<>();
        if (decoder.path("type").asText().equals("Sequence")) {
            decoder.path("decoders").forEach(all::add);
        } else {
            all.add(decoder);
        }
        return all;
    }

    private static boolean isOf(JsonNode one, String type) {
        return one.path("type").asText().equals(type);
    }

    private static boolean replacesSpace(JsonNode one) {
        return isOf(one, "Metaspace")
                || (isOf(one, "Replace")
                        && one.path("pattern").path("String").asText().equals(SPACE)
                        && one.path("content").asText().equals(" "));
    }

    private static boolean dropsSpace(JsonNode one) {
        if (isOf(one, "Metaspace")) {
            return one.has("prepend_scheme")
                    ? !one.path("prepend_scheme").asText().equals("never")
                    : one.path("add_prefix_space").asBoolean(true);
        }
        return isOf(one, "Strip")
                && one.path("content").asText().equals(" ")
                && one.path("start").asInt() > 0;
    }

    private StoredTokens tokens() throws IOException {
        List<JsonNode> all = decoders();
        boolean areLetters = all.stream().anyMatch(one -> isOf(one, "ByteLevel"));
        if (!areLetters && all.stream().noneMatch(TokenizerFile::replacesSpace)) {
            throw refuse(
                    "the decoder must be ByteLevel, Metaspace or one that replaces '" + SPACE
                            + "', whose tokens are bytes",
                    MessageText.shorten(decoder.toString()));
        }
        boolean hasBytes = all.stream().anyMatch(one -> isOf(one, "ByteFallback"));
        int last = tokens.isEmpty() ? -1 : tokens.lastKey();
        List<byte @Nullable []> bytes = new ArrayList<>(last + 1);
        for (int id = 0; id <= last; id++) {
            String token = added.containsKey(id) ? null : tokens.get(id);
            bytes.add(token == null ? null : areLetters ? ByteLetters.bytes(token) : bytes(token, hasBytes));
        }
        Map<String, Integer> ids = new LinkedHashMap<>();
        added.forEach((id, text) -> {
            if (id >= 0 && id < MOST_TOKENS) {
                ids.put(text, id);
            }
        });
        return new StoredTokens(bytes, ids, !areLetters && all.stream().anyMatch(TokenizerFile::dropsSpace));
    }

    private static byte[] bytes(String token, boolean hasBytes) {
        return hasBytes && BYTE.matcher(token).matches()
                ? new byte[] {(byte) Integer.parseInt(token.substring(3, 5), 16)}
                : token.replace(SPACE, " ").getBytes(StandardCharsets.UTF_8);
    }
}
