package org.lora4j.text.tools;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.lora4j.internal.MessageText;

/**
 * A function that a model may ask for.
 *
 * @param name its name: 1 to 64 letters of ASCII, digits and the characters {@code _}, {@code -} and {@code .}
 * @param description what it does, for the model
 * @param parameters its parameters, as a JSON Schema with {@code "type": "object"}; texts, numbers, booleans, lists and maps
 */
public record Tool(String name, String description, Map<String, Object> parameters) {
    private static final String TYPE = "type";
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_.-]{1,64}");

    /**
     * Checks the name and the schema, and copies the map.
     *
     * @param name its name
     * @param description what it does
     * @param parameters the schema
     * @throws IllegalArgumentException if the name has other characters, or the schema is not one of an object
     */
    public Tool {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(description, "description must not be null");
        Objects.requireNonNull(parameters, "parameters must not be null");
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "the name of a tool must have 1 to 64 letters of ASCII, digits, _, - and .," + " found "
                            + MessageText.quote(name));
        }
        if (!"object".equals(parameters.get(TYPE))) {
            throw new IllegalArgumentException("the parameters of the tool " + name
                    + " must be a JSON Schema with the type object, found the type "
                    + MessageText.shorten(String.valueOf(parameters.get(TYPE))));
        }
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }

    /**
     * Creates a tool.
     *
     * @param name its name
     * @param description what it does, for the model
     * @param parameters its parameters: the text of a JSON Schema with {@code "type": "object"}
     * @return the tool
     * @throws IllegalArgumentException if the name or the schema is not what it must be
     */
    public static Tool of(String name, String description, String parameters) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(parameters, "parameters must not be null");
        return new Tool(
                name, description, ToolJson.map("the parameters of the tool " + MessageText.shorten(name), parameters));
    }

    /**
     * Creates a tool without parameters.
     *
     * @param name its name
     * @param description what it does, for the model
     * @return the tool, with the schema of an object without properties
     * @throws IllegalArgumentException if the name is not what it must be
     */
    public static Tool of(String name, String description) {
        return new Tool(name, description, Map.of(TYPE, "object", "properties", Map.of()));
    }

    /**
     * Returns the tool as chat templates read it.
     *
     * @return {@code {"type": "function", "function": {"name", "description", "parameters"}}}
     */
    public Map<String, Object> toMap() {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name);
        function.put("description", description);
        function.put("parameters", parameters);
        Map<String, Object> tool = new LinkedHashMap<>();
        tool.put(TYPE, "function");
        tool.put("function", function);
        return tool;
    }

    /**
     * Reads a tool in the form of {@link #toMap}.
     *
     * @param tool the tool; without a description it has an empty one, and without parameters none
     * @return the tool
     * @throws IllegalArgumentException if it has another form
     */
    public static Tool ofMap(Map<String, ?> tool) {
        Objects.requireNonNull(tool, "tool must not be null");
        // Some data sets write the function without what is around it.
        Map<?, ?> function = tool.get("function") instanceof Map<?, ?> inner ? inner : tool;
        if (!(function.get("name") instanceof String name)) {
            throw new IllegalArgumentException(
                    "a tool must have a function with a text name, found " + MessageText.quote(tool.toString()));
        }
        String description = function.get("description") instanceof String text ? text : "";
        Object given = function.get("parameters");
        if (given == null) {
            return of(name, description);
        }
        if (!(given instanceof Map<?, ?> schema)) {
            throw new IllegalArgumentException("the parameters of the tool " + MessageText.shorten(name)
                    + " must be a JSON Schema with the type object, found " + MessageText.quote(given.toString()));
        }
        Map<String, Object> parameters = new LinkedHashMap<>();
        schema.forEach((field, value) -> parameters.put(String.valueOf(field), value));
        return new Tool(name, description, parameters);
    }
}
