package org.lora4j.text.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;

/**
 * Which types the arguments of functions have, by their schemas. Formats without quotation marks need them: there, 5 is a number or
 * a text.
 */
final class ArgumentTypes {
    /** Schemas refer to schemas so often at most. */
    private static final int MOST_DEPTH = 16;

    enum Kind {
        TEXT("string"),
        NUMBER("number"),
        BOOLEAN("boolean"),
        NULL("null"),
        LIST("array"),
        OBJECT("object");

        private final String type;

        Kind(String type) {
            this.type = type;
        }

        /** Its name in JSON Schema. */
        String type() {
            return type;
        }

        private static Kind of(JsonNode value) {
            return switch (value.getNodeType()) {
                case NUMBER -> NUMBER;
                case BOOLEAN -> BOOLEAN;
                case NULL -> NULL;
                case ARRAY -> LIST;
                case OBJECT -> OBJECT;
                default -> TEXT;
            };
        }

        private static @Nullable Kind of(String type) {
            for (Kind kind : values()) {
                if (kind.type.equals(type)) {
                    return kind;
                }
            }
            return type.equals("integer") ? NUMBER : null;
        }
    }

    static final ArgumentTypes NONE = new ArgumentTypes(List.of());

    private static final Set<Kind> ANY = EnumSet.allOf(Kind.class);

    private final Map<String, Tool> tools = new HashMap<>();

    ArgumentTypes(List<Tool> tools) {
        tools.forEach(tool -> this.tools.put(tool.name(), tool));
    }

    /** The types that an argument can have: all, if nothing is known of it. */
    Set<Kind> of(String function, String argument) {
        Tool tool = tools.get(function);
        return tool != null && tool.parameters().get("properties") instanceof Map<?, ?> properties
                ? of(properties.get(argument), tool.parameters(), 0)
                : ANY;
    }

    /** The types of the values of a schema. */
    static Set<Kind> of(@Nullable Object schema, Map<String, Object> root, int depth) {
        if (!(schema instanceof Map<?, ?> map) || depth > MOST_DEPTH) {
            return ANY;
        }
        Set<Kind> kinds = EnumSet.allOf(Kind.class);
        if (map.get("$ref") instanceof String reference) {
            kinds.retainAll(of(target(reference, root), root, depth + 1));
        }
        if (map.containsKey("type")) {
            kinds.retainAll(named(map.get("type")));
        }
        if (map.containsKey("const")) {
            kinds.retainAll(EnumSet.of(Kind.of(StrictJson.MAPPER.valueToTree(map.get("const")))));
        }
        if (map.get("enum") instanceof List<?> values && !values.isEmpty()) {
            Set<Kind> found = EnumSet.noneOf(Kind.class);
            values.forEach(value -> found.add(Kind.of(StrictJson.MAPPER.<JsonNode>valueToTree(value))));
            kinds.retainAll(found);
        }
        for (String keyword : List.of("anyOf", "oneOf")) {
            if (map.get(keyword) instanceof List<?> options) {
                Set<Kind> found = EnumSet.noneOf(Kind.class);
                options.forEach(option -> found.addAll(of(option, root, depth + 1)));
                kinds.retainAll(found);
            }
        }
        if (map.get("allOf") instanceof List<?> parts) {
            parts.forEach(part -> kinds.retainAll(of(part, root, depth + 1)));
        }
        if (Boolean.TRUE.equals(map.get("nullable"))) {
            kinds.add(Kind.NULL);
        }
        return kinds.isEmpty() ? ANY : kinds;
    }

    private static Set<Kind> named(@Nullable Object type) {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        for (Object one : type instanceof List<?> several ? several : List.of(String.valueOf(type))) {
            Kind kind = Kind.of(String.valueOf(one));
            if (kind != null) {
                kinds.add(kind);
            }
        }
        return kinds.isEmpty() ? ANY : kinds;
    }

    private static @Nullable Object target(String reference, Map<String, Object> root) {
        if (!reference.startsWith("#/")) {
            return null;
        }
        Object target = root;
        for (String step : reference.substring(2).split("/", -1)) {
            target = target instanceof Map<?, ?> map
                    ? map.get(step.replace("~1", "/").replace("~0", "~"))
                    : null;
        }
        return target;
    }

    /** Returns the JSON of a value that was written without quotation marks around texts. */
    static String json(String written, Set<Kind> kinds) {
        if (kinds.size() > 1 || !kinds.contains(Kind.TEXT)) {
            String value = written.strip();
            String found = found(value, kinds);
            if (found == null && !kinds.contains(Kind.TEXT)) {
                found = found(PythonWords.json(value), kinds);
            }
            if (found != null) {
                return found;
            }
        }
        return ToolJson.write("an argument", written);
    }

    private static @Nullable String found(String value, Set<Kind> kinds) {
        try {
            JsonNode node = StrictJson.MAPPER.readTree(value);
            boolean isOther = !node.isMissingNode() && !node.isTextual();
            return isOther && kinds.contains(Kind.of(node)) ? value : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }
}
