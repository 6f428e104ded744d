package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.grammar.SchemaOptions;
import org.lora4j.text.tools.ArgumentTypes.Kind;

/**
 * A parameter of a function, for formats that do not write the arguments as one JSON object.
 *
 * @param name its name
 * @param schema its schema, with what references of it need
 * @param isRequired whether each call has it
 * @param kinds the types of its values
 */
record Parameter(String name, Map<String, Object> schema, boolean isRequired, Set<Kind> kinds) {
    private static final String TYPE = "type";
    private static final String REQUIRED = "required";
    private static final String PROPERTIES = "properties";

    /** What references lead to, and how they are read. */
    private static final List<String> SHARED = List.of("$schema", "$defs", "definitions");

    /** The keywords of an object whose properties are told one by one. */
    private static final Set<String> KNOWN = Set.of(
            TYPE,
            PROPERTIES,
            REQUIRED,
            "additionalProperties",
            "unevaluatedProperties",
            "title",
            "description",
            "examples",
            "default",
            "strict",
            "$schema",
            "$id",
            "$comment",
            "$defs",
            "definitions");

    /**
     * Returns the parameters of a tool. Others, which its schema may allow, are not written.
     *
     * @throws IllegalArgumentException if the schema demands something of all parameters together
     */
    static List<Parameter> of(Tool tool) {
        for (String keyword : tool.parameters().keySet()) {
            if (!KNOWN.contains(keyword)) {
                throw new IllegalArgumentException("JSON Schema, #/" + keyword
                        + ": the calls of this model have arguments one by one, so their schema must have properties"
                        + " and required, and no conditions for all of them; leave it out");
            }
        }
        return of(tool.parameters(), tool.parameters());
    }

    /** Whether the properties of a schema can be told one by one. */
    static boolean isPlainObject(Map<?, ?> schema) {
        return "object".equals(schema.get(TYPE))
                && schema.get(PROPERTIES) instanceof Map<?, ?>
                && KNOWN.containsAll(schema.keySet());
    }

    /** The properties of a schema, within the schema that has what is referred to. */
    static List<Parameter> of(Map<?, ?> schema, Map<String, Object> root) {
        Map<?, ?> properties = schema.get(PROPERTIES) instanceof Map<?, ?> map ? map : Map.of();
        Set<String> required = new LinkedHashSet<>();
        if (schema.get(REQUIRED) instanceof List<?> names) {
            names.forEach(name -> required.add(String.valueOf(name)));
        }
        Map<String, Object> all = new LinkedHashMap<>();
        properties.forEach((name, value) -> all.put(String.valueOf(name), value));
        required.forEach(name -> all.putIfAbsent(name, Map.of()));
        List<Parameter> parameters = new ArrayList<>();
        all.forEach((name, value) -> parameters.add(
                new Parameter(name, within(value, root), required.contains(name), ArgumentTypes.of(value, root, 0))));
        return parameters;
    }

    /** A schema with what its references need. */
    static Map<String, Object> within(Object schema, Map<String, Object> root) {
        Map<String, Object> whole = new LinkedHashMap<>();
        SHARED.forEach(keyword -> {
            if (root.containsKey(keyword)) {
                whole.put(keyword, root.get(keyword));
            }
        });
        if (schema instanceof Map<?, ?> map) {
            map.forEach((keyword, value) -> whole.put(String.valueOf(keyword), value));
        } else if (Boolean.FALSE.equals(schema)) {
            whole.put("not", Map.of());
        }
        return whole;
    }

    /** Whether it can be a text. */
    boolean isText() {
        return kinds.contains(Kind.TEXT);
    }

    /** Whether it can be something else than a text. */
    boolean isOther() {
        return kinds.size() > 1 || !isText();
    }

    /** The values that are no texts, as JSON. */
    Grammar json() {
        if (!isText()) {
            return Grammar.jsonSchema(schema, SchemaOptions.WRITING);
        }
        Set<Kind> others = EnumSet.copyOf(kinds);
        others.remove(Kind.TEXT);
        List<String> types = others.stream().map(Kind::type).toList();
        return Grammar.jsonSchema(
                within(Map.of("allOf", List.of(schema, Map.of(TYPE, types))), schema), SchemaOptions.WRITING);
    }

    /** The texts, without quotation marks and without a text in them that ends them. */
    Grammar texts(String end) {
        return Grammar.strings(schema, SchemaOptions.WRITING, end);
    }
}
