package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/**
 * The keywords of one object of a schema.
 *
 * @param keywords the object
 * @param place where it is, as a JSON pointer with {@code #} before it
 */
record SchemaNode(ObjectNode keywords, String place) {
    static final Set<String> ANNOTATIONS = Set.of(
            "title",
            "description",
            "default",
            "examples",
            "deprecated",
            "readOnly",
            "writeOnly",
            "$schema",
            "$id",
            "$comment",
            "$defs",
            "definitions");

    static final Set<String> OF_STRINGS = Set.of("minLength", "maxLength", "pattern", "format");
    static final Set<String> OF_NUMBERS =
            Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf");
    static final Set<String> OF_ARRAYS = Set.of("items", "prefixItems", "minItems", "maxItems", "uniqueItems");
    static final Set<String> OF_OBJECTS = Set.of("properties", "required", "additionalProperties");

    private static final Set<String> OF_ALL =
            Set.of("type", "enum", "const", "anyOf", "oneOf", "allOf", "$ref", "nullable");

    private static final int MOST_DIGITS = 40;

    /** Takes an object, all of whose keywords must be supported. */
    static SchemaNode of(JsonNode schema, String place) {
        if (!(schema instanceof ObjectNode object)) {
            throw refuse(place, "a schema must be an object, true or false", schema);
        }
        SchemaNode node = new SchemaNode(object, place);
        object.fieldNames().forEachRemaining(name -> {
            if (List.of(ANNOTATIONS, OF_ALL, OF_STRINGS, OF_NUMBERS, OF_ARRAYS, OF_OBJECTS).stream()
                    .noneMatch(names -> names.contains(name))) {
                throw refuse(node.below(name), "a keyword must be one that is supported", TextNode.valueOf(name));
            }
        });
        return node;
    }

    static IllegalArgumentException refuse(String place, String rule, @Nullable JsonNode found) {
        return new IllegalArgumentException("JSON Schema, " + MessageText.printable(place, 300) + ": " + rule
                + ", found " + (found == null ? "none" : MessageText.shorten(found.toString())));
    }

    IllegalArgumentException refuse(String keyword, String rule) {
        return refuse(below(keyword), rule, get(keyword));
    }

    String below(String name) {
        return below(place, name);
    }

    static String below(String place, String name) {
        return place + "/" + name.replace("~", "~0").replace("/", "~1");
    }

    boolean has(String keyword) {
        return keywords.has(keyword);
    }

    boolean hasAny(Set<String> names) {
        return names.stream().anyMatch(this::has);
    }

    @Nullable
    JsonNode get(String keyword) {
        return keywords.get(keyword);
    }

    /** The same without some keywords. */
    SchemaNode without(String... names) {
        ObjectNode rest = keywords.objectNode();
        Set<String> dropped = Set.of(names);
        keywords.properties().forEach(entry -> {
            if (!dropped.contains(entry.getKey())) {
                rest.set(entry.getKey(), entry.getValue());
            }
        });
        return new SchemaNode(rest, place);
    }

    /** Whether it says nothing of a value. */
    boolean isEmpty() {
        return keywords.properties().stream().allMatch(entry -> ANNOTATIONS.contains(entry.getKey()));
    }

    int count(String keyword, int otherwise) {
        JsonNode value = get(keyword);
        if (value == null) {
            return otherwise;
        }
        BigDecimal count = number(keyword);
        if (count == null
                || count.stripTrailingZeros().scale() > 0
                || count.signum() < 0
                || count.compareTo(BigDecimal.valueOf(Integer.MAX_VALUE)) >= 0) {
            throw refuse(keyword, "must be a whole number from 0 to " + (Integer.MAX_VALUE - 1));
        }
        return count.intValueExact();
    }

    @Nullable
    BigDecimal number(String keyword) {
        JsonNode value = get(keyword);
        if (value == null) {
            return null;
        }
        if (!value.isNumber()) {
            throw refuse(keyword, "must be a number");
        }
        BigDecimal number = value.decimalValue();
        if (number.precision() > MOST_DIGITS || Math.abs(number.scale()) > MOST_DIGITS) {
            throw refuse(keyword, "must have at most " + MOST_DIGITS + " digits before and behind the point");
        }
        return number;
    }

    @Nullable
    String text(String keyword) {
        JsonNode value = get(keyword);
        if (value != null && !value.isTextual()) {
            throw refuse(keyword, "must be a string");
        }
        return value == null ? null : value.asText();
    }

    boolean truth(String keyword) {
        JsonNode value = get(keyword);
        if (value != null && !value.isBoolean()) {
            throw refuse(keyword, "must be true or false");
        }
        return value != null && value.asBoolean();
    }

    /** The elements of an array; none if there is no such keyword. */
    List<JsonNode> list(String keyword) {
        JsonNode value = get(keyword);
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof ArrayNode array)) {
            throw refuse(keyword, "must be an array");
        }
        List<JsonNode> all = new ArrayList<>();
        array.forEach(all::add);
        return all;
    }

    /** The number of elements of an array; 0 if there is none. */
    int size(String keyword) {
        return get(keyword) instanceof ArrayNode array ? array.size() : 0;
    }

    List<String> texts(String keyword) {
        return list(keyword).stream()
                .map(one -> {
                    if (!one.isTextual()) {
                        throw refuse(keyword, "must be an array of strings");
                    }
                    return one.asText();
                })
                .distinct()
                .toList();
    }

    /** An object whose fields are named by users; an empty one if there is no such keyword. */
    ObjectNode object(String keyword) {
        JsonNode value = get(keyword);
        if (value == null) {
            return keywords.objectNode();
        }
        if (!(value instanceof ObjectNode object)) {
            throw refuse(keyword, "must be an object");
        }
        return object;
    }
}
