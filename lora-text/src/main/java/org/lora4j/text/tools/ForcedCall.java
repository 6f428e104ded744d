package org.lora4j.text.tools;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * An answer that must be one call of a function, whose arguments fit the schema of the function: {@link #before} is given to the model
 * as the beginning of its answer, and it goes on with JSON of {@link #schema}. The call ends with it: no mark follows.
 *
 * <pre>{@code
 * ForcedCall call = ForcedCall.of(ToolFormat.HERMES, List.of(Tool.of("now", "the time", "{\"type\": \"object\"}")));
 * GenerationOptions options = GenerationOptions.greedy().withConstraint(decoder.grammars().jsonSchema(call.schema()));
 * }</pre>
 */
public final class ForcedCall {
    private static final String REF = "$ref";

    private final ToolFormat format;
    private final String before;
    private final String schema;

    private ForcedCall(ToolFormat format, String before, String schema) {
        this.format = format;
        this.before = before;
        this.schema = schema;
    }

    /**
     * Creates the form of a call.
     *
     * @param format how the model writes calls
     * @param tools the functions of which one is called, at least one
     * @return the form
     * @throws IllegalArgumentException if there are several functions and the format has the name outside of the JSON
     */
    public static ForcedCall of(ToolFormat format, List<Tool> tools) {
        Objects.requireNonNull(format, "format must not be null");
        Objects.requireNonNull(tools, "tools must not be null");
        if (tools.isEmpty()) {
            throw new IllegalArgumentException("a call must have at least one tool to choose from, found none");
        }
        String head = format.beforeArguments(tools.get(0).name());
        int object = head.indexOf('{');
        if (object >= 0) {
            String arguments = head.contains("\"parameters\"") ? "parameters" : "arguments";
            return new ForcedCall(
                    format, head.substring(0, object), ToolJson.write("the schema of a call", calls(tools, arguments)));
        }
        if (tools.size() > 1) {
            throw new IllegalArgumentException("a call must be one of a named function in the format " + format
                    + ", which has the name before the JSON, found " + tools.size() + " functions; name one");
        }
        return new ForcedCall(
                format,
                head,
                ToolJson.write("the schema of a call", tools.get(0).parameters()));
    }

    /** The names are constants, so the name of a tool tells which arguments follow. */
    private static Map<String, Object> calls(List<Tool> tools, String arguments) {
        List<Object> calls = new ArrayList<>();
        for (int i = 0; i < tools.size(); i++) {
            Tool tool = tools.get(i);
            Map<String, Object> properties = new LinkedHashMap<>();
            properties.put("name", Map.of("const", tool.name()));
            properties.put(arguments, moved(tool.parameters(), "#/anyOf/" + i + "/properties/" + arguments));
            Map<String, Object> call = new LinkedHashMap<>();
            call.put("type", "object");
            call.put("properties", properties);
            call.put("required", List.of("name", arguments));
            call.put("additionalProperties", false);
            calls.add(call);
        }
        return Map.of("anyOf", calls);
    }

    /** A schema within another one: references to its parts begin at its new place. */
    private static Object moved(Object value, String place) {
        if (value instanceof Map<?, ?> map) {
            Map<String, Object> changed = new LinkedHashMap<>();
            map.forEach((name, inner) -> changed.put(
                    String.valueOf(name),
                    REF.equals(name) && inner instanceof String ref && ref.startsWith("#")
                            ? place + ref.substring(1)
                            : moved(inner, place)));
            return changed;
        }
        if (value instanceof List<?> list) {
            List<Object> changed = new ArrayList<>();
            list.forEach(inner -> changed.add(moved(inner, place)));
            return changed;
        }
        return value;
    }

    /**
     * Returns the beginning of the answer.
     *
     * @return a text that the model does not choose; may be empty
     */
    public String before() {
        return before;
    }

    /**
     * Returns what the model goes on with: the JSON of the call, or its arguments alone if the name is {@link #before} them.
     *
     * @return the text of a JSON Schema
     */
    public String schema() {
        return schema;
    }

    /**
     * Returns a reader for the answer, without its beginning.
     *
     * @return a reader for one answer
     */
    public ToolReader reader() {
        return format.reader(before);
    }
}
