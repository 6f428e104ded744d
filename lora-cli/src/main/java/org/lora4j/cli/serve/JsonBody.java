package org.lora4j.cli.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/** The body of a request. A field that is null counts as absent. */
final class JsonBody {
    static final ObjectMapper MAPPER = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final ObjectNode fields;

    private JsonBody(ObjectNode fields) {
        this.fields = fields;
    }

    /**
     * Reads a body and checks that all its fields are known.
     *
     * @throws ApiException if it is no JSON object, or has a field that changes the answer and is not supported
     */
    static JsonBody parse(String text, FieldRules rules) {
        String found;
        try {
            if (MAPPER.readTree(text) instanceof ObjectNode object) {
                object.properties().forEach(field -> rules.check(field.getKey(), field.getValue()));
                return new JsonBody(object);
            }
            found = "another value";
        } catch (JsonProcessingException e) {
            found = MessageText.quote(e.getOriginalMessage());
        }
        throw noObject(found);
    }

    static ApiException noObject(String found) {
        return ApiException.of(400, "invalid_json", "the body must be a JSON object, found " + found);
    }

    /** Returns a field, or null if it is absent. */
    @Nullable
    JsonNode get(String name) {
        JsonNode node = fields.get(name);
        return node == null || node.isNull() ? null : node;
    }

    /** Returns a field that must be there. */
    JsonNode require(String name, String rule) {
        JsonNode node = get(name);
        if (node == null) {
            throw ApiException.field(name, rule, "nothing");
        }
        return node;
    }

    /** Returns a text that must be there. */
    String text(String name) {
        JsonNode node = require(name, "a text");
        if (!node.isTextual()) {
            throw wrong(name, "a text", node);
        }
        return node.textValue();
    }

    @Nullable
    String textOrNull(String name) {
        return get(name) == null ? null : text(name);
    }

    boolean flag(String name) {
        JsonNode node = get(name);
        if (node != null && !node.isBoolean()) {
            throw wrong(name, "true or false", node);
        }
        return node != null && node.booleanValue();
    }

    /** Returns a number between two bounds. */
    double number(String name, double otherwise, double min, double max) {
        JsonNode node = get(name);
        if (node == null) {
            return otherwise;
        }
        if (!node.isNumber() || !(node.doubleValue() >= min && node.doubleValue() <= max)) {
            throw wrong(name, "a number from " + min + " to " + max, node);
        }
        return node.doubleValue();
    }

    /** Returns a whole number between two bounds. */
    long whole(String name, long otherwise, long min, long max) {
        JsonNode node = get(name);
        if (node == null) {
            return otherwise;
        }
        if (!node.isIntegralNumber() || !node.canConvertToLong() || node.longValue() < min || node.longValue() > max) {
            throw wrong(name, "a whole number from " + min + " to " + max, node);
        }
        return node.longValue();
    }

    /** Returns one text or several. */
    List<String> texts(String name, int most) {
        JsonNode node = get(name);
        if (node == null) {
            return List.of();
        }
        String rule = "a text or a list of 1 to " + most + " texts, none of them empty";
        if (!node.isArray() && !isText(node)) {
            throw wrong(name, rule, node);
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode one : node.isArray() ? node : List.of(node)) {
            if (!isText(one)) {
                throw wrong(name + "[" + texts.size() + "]", "a text that is not empty", one);
            }
            texts.add(one.textValue());
        }
        if (texts.isEmpty() || texts.size() > most) {
            throw ApiException.field(name, rule, texts.size() + " texts");
        }
        return texts;
    }

    /** Returns whether a value is a text with at least one character. */
    static boolean isText(JsonNode node) {
        return node.isTextual() && !node.textValue().isEmpty();
    }

    /** Returns the tokens of a list of numbers, or null if the value is no such list. */
    static int @Nullable [] tokens(JsonNode node) {
        if (!node.isArray() || node.isEmpty()) {
            return null;
        }
        int[] ids = new int[node.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = node.get(i);
            if (!id.isInt() || id.intValue() < 0) {
                return null;
            }
            ids[i] = id.intValue();
        }
        return Arrays.copyOf(ids, ids.length);
    }

    static ApiException wrong(String name, String rule, JsonNode found) {
        return ApiException.field(name, rule, MessageText.quote(found.toString()));
    }

    /** Writes a value as bytes. */
    static byte[] bytes(JsonNode node) throws IOException {
        return MAPPER.writeValueAsBytes(node);
    }
}
