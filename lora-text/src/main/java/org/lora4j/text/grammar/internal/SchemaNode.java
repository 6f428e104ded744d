package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
    /** What the drafts know and no value depends on. */
    private static final Set<String> ANNOTATIONS = Set.of(
            "title",
            "description",
            "default",
            "examples",
            "deprecated",
            "readOnly",
            "writeOnly",
            "$schema",
            "$id",
            "id",
            "$anchor",
            "$dynamicAnchor",
            "$recursiveAnchor",
            "$vocabulary",
            "$comment",
            "$defs",
            "definitions",
            "contentEncoding",
            "contentMediaType",
            "contentSchema");

    static final Set<String> REFERENCES = Set.of("$ref", "$recursiveRef", "$dynamicRef");

    private static final Set<String> ASSERTIONS = Set.of(
            "type",
            "enum",
            "const",
            "anyOf",
            "oneOf",
            "allOf",
            "not",
            "if",
            "then",
            "else",
            "nullable",
            "minLength",
            "maxLength",
            "pattern",
            "format",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "items",
            "prefixItems",
            "additionalItems",
            "unevaluatedItems",
            "minItems",
            "maxItems",
            "uniqueItems",
            "contains",
            "minContains",
            "maxContains",
            "properties",
            "patternProperties",
            "additionalProperties",
            "unevaluatedProperties",
            "propertyNames",
            "required",
            "minProperties",
            "maxProperties",
            "dependencies",
            "dependentRequired",
            "dependentSchemas");

    private static final int MOST_DIGITS = 310;

    static SchemaNode of(JsonNode schema, String place) {
        if (!(schema instanceof ObjectNode object)) {
            throw refuse(place, "a schema must be an object, true or false", schema);
        }
        return new SchemaNode(object, place);
    }

    /** Whether no value depends on a keyword. */
    static boolean isSilent(String keyword) {
        return !ASSERTIONS.contains(keyword) && !REFERENCES.contains(keyword);
    }

    /** Whether some draft has a keyword. */
    static boolean isKnown(String keyword) {
        return ANNOTATIONS.contains(keyword) || !isSilent(keyword);
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

    @Nullable
    JsonNode get(String keyword) {
        return keywords.get(keyword);
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
