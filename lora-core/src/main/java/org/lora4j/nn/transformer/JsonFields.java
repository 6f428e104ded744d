package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.Names;

/** Reads the fields of a {@code config.json}, and collects what is wrong. A field that is null counts as absent. */
final class JsonFields {
    private static final String FILE = "config.json";

    private final ObjectNode json;
    private final String prefix;
    private final List<String> problems;

    JsonFields(ObjectNode json) {
        this(json, "", new ArrayList<>());
    }

    private JsonFields(ObjectNode json, String prefix, List<String> problems) {
        this.json = json;
        this.prefix = prefix;
        this.problems = problems;
    }

    /** Parses the text of a configuration. */
    static ObjectNode parse(String text) {
        if (ModelJson.parse(FILE, text) instanceof ObjectNode object) {
            return object;
        }
        throw new IllegalArgumentException(FILE + ": must be a JSON object, found something else");
    }

    /** Throws if something is wrong. */
    void requireNoProblems(String rule) {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    FILE + ": " + rule + ", found " + Names.line(String.join("; ", problems)));
        }
    }

    boolean has(String field) {
        return isThere(json.path(field));
    }

    /** Whether a field is there, even as null. */
    boolean mentions(String field) {
        return json.has(field);
    }

    private static boolean isThere(JsonNode value) {
        return !value.isMissingNode() && !value.isNull();
    }

    void refuse(String problem) {
        problems.add(prefix + problem);
    }

    private void refuse(String field, String expected, JsonNode found) {
        String value = found.isBoolean() ? found.toString() : Names.quote(found.toString());
        refuse(field + " must be " + expected + ", found " + (found.isMissingNode() ? "none" : value));
    }

    /** Refuses a field that is neither absent nor false. */
    void requireOff(String field) {
        JsonNode value = json.path(field);
        if (isThere(value) && !(value.isBoolean() && !value.booleanValue())) {
            refuse(field, "false", value);
        }
    }

    /** Refuses a field that is neither absent nor an empty object. */
    void requireEmpty(String field) {
        JsonNode value = json.path(field);
        if (isThere(value) && !(value.isObject() && value.isEmpty())) {
            refuse(field, "empty", value);
        }
    }

    /** Refuses a text that is none of some. */
    void requireOneOf(String field, List<String> allowed, String found) {
        if (!allowed.contains(found)) {
            refuse(field + " must be one of " + allowed + ", found " + Names.quote(found));
        }
    }

    /** The fields of an object, or null if there is none. */
    @Nullable
    JsonFields object(String field) {
        JsonNode value = json.path(field);
        if (value instanceof ObjectNode object) {
            return new JsonFields(object, prefix + field + ".", problems);
        }
        if (isThere(value)) {
            refuse(field, "an object", value);
        }
        return null;
    }

    /** The texts of a list, or none. */
    List<String> texts(String field) {
        List<String> texts = new ArrayList<>();
        JsonNode list = json.path(field);
        for (JsonNode value : list) {
            if (!list.isArray() || !value.isTextual()) {
                refuse(field, "a list of texts", list);
                return List.of();
            }
            texts.add(value.textValue());
        }
        return texts;
    }

    String text(String field, String otherwise) {
        JsonNode value = json.path(field);
        if (isThere(value) && !value.isTextual()) {
            refuse(field, "a text", value);
        }
        return value.isTextual() ? value.textValue() : otherwise;
    }

    boolean truth(String field, boolean otherwise) {
        JsonNode value = json.path(field);
        if (isThere(value) && !value.isBoolean()) {
            refuse(field, "true or false", value);
        }
        return value.asBoolean(otherwise);
    }

    int integer(String field) {
        return integer(field, null);
    }

    int integer(String field, @Nullable Integer otherwise) {
        JsonNode value = json.path(field);
        if (!isThere(value) && otherwise != null) {
            return otherwise;
        }
        boolean isInteger = value.isIntegralNumber() && value.canConvertToInt();
        if (!isInteger) {
            refuse(field, "an integer of 32 bits", value);
        }
        return isInteger ? value.intValue() : 0;
    }

    double number(String field) {
        return number(field, null);
    }

    double number(String field, @Nullable Double otherwise) {
        JsonNode value = json.path(field);
        if (!isThere(value) && otherwise != null) {
            return otherwise;
        }
        if (!value.isNumber()) {
            refuse(field, "a number", value);
        }
        return value.isNumber() ? value.doubleValue() : 0;
    }
}
