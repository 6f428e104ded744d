package org.lora4j.text.grammar.internal;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** The types of the values of a schema. */
final class SchemaTypes {
    private static final List<String> ALL =
            List.of("object", "array", "string", "number", "integer", "boolean", "null");

    private SchemaTypes() {}

    /** Reads {@code type}, a name or a list of names. */
    static List<String> names(SchemaNode node) {
        JsonNode type = node.get("type");
        List<String> names =
                type != null && type.isTextual() ? List.of(type.asText()) : List.copyOf(node.texts("type"));
        if (!ALL.containsAll(names)) {
            throw node.refuse("type", "must be some of " + ALL);
        }
        return names;
    }

    /** The types that are named; else those that have the keywords of a schema; none if it has no such keywords. */
    static List<String> of(SchemaNode node) {
        if (node.has("type")) {
            return names(node);
        }
        List<String> types = new ArrayList<>();
        if (node.hasAny(SchemaNode.OF_OBJECTS)) {
            types.add("object");
        }
        if (node.hasAny(SchemaNode.OF_ARRAYS)) {
            types.add("array");
        }
        if (node.hasAny(SchemaNode.OF_STRINGS)) {
            types.add("string");
        }
        if (node.hasAny(SchemaNode.OF_NUMBERS)) {
            types.add("number");
        }
        return types;
    }

    /** Whether a value has one of the types. */
    static boolean contain(List<String> types, JsonNode value) {
        return types.stream().anyMatch(type -> switch (type) {
            case "object" -> value.isObject();
            case "array" -> value.isArray();
            case "string" -> value.isTextual();
            case "number" -> value.isNumber();
            case "integer" ->
                value.isNumber() && value.decimalValue().stripTrailingZeros().scale() <= 0;
            case "boolean" -> value.isBoolean();
            default -> value.isNull();
        });
    }
}
