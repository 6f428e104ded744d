package org.lora4j.text.tools;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;

/**
 * A call of a function that a model asks for.
 *
 * @param id what the result names, in families that number their calls; null for none
 * @param name the function. The model wrote it, so there may be no such function: see
 *     {@link org.lora4j.text.chat.Conversation#hasTool}
 * @param arguments a JSON object, as the model wrote it. It need not follow the schema of the function
 */
public record ToolCall(@Nullable String id, String name, String arguments) {
    private static final int LENGTH_OF_ID = 9;
    private static final String LETTERS_OF_ID = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /**
     * Checks the arguments.
     *
     * @param id what the result names, or null
     * @param name the function
     * @param arguments a JSON object
     * @throws IllegalArgumentException if the name is empty, or the arguments are no JSON object
     */
    public ToolCall {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(arguments, "arguments must not be null");
        if (name.isEmpty()) {
            throw new IllegalArgumentException(
                    "the function of a call must have a name of at least one character, found an empty one");
        }
        ToolJson.object(what(name), arguments);
    }

    private static String what(String name) {
        return "the arguments of the call of " + MessageText.shorten(name);
    }

    /**
     * Creates a call without an id.
     *
     * @param name the function
     * @param arguments a JSON object
     * @return the call
     * @throws IllegalArgumentException as the constructor
     */
    public static ToolCall of(String name, String arguments) {
        return new ToolCall(null, name, arguments);
    }

    /**
     * Creates a call without an id.
     *
     * @param name the function
     * @param arguments texts, numbers, booleans, lists and maps by the names of the parameters
     * @return the call
     * @throws IllegalArgumentException if the name is empty, or an argument is something else
     */
    public static ToolCall of(String name, Map<String, ?> arguments) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(arguments, "arguments must not be null");
        return new ToolCall(null, name, ToolJson.write(what(name), arguments));
    }

    /**
     * Returns the same call with an id.
     *
     * @param value the id
     * @return the call
     */
    public ToolCall withId(String value) {
        return new ToolCall(Objects.requireNonNull(value, "value must not be null"), name, arguments);
    }

    /**
     * Returns the same call with an id, which its result can name.
     *
     * @return this call if the model wrote an id, or else one with a {@link #newId}
     */
    public ToolCall identified() {
        return id == null ? withId(newId()) : this;
    }

    /**
     * Creates an id for a call. Two calls have the same one with a probability of 10⁻¹⁶.
     *
     * @return 9 letters and digits at random, which the templates of all families take: that of Mistral refuses other lengths
     */
    public static String newId() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        StringBuilder text = new StringBuilder();
        while (text.length() < LENGTH_OF_ID) {
            text.append(LETTERS_OF_ID.charAt(random.nextInt(LETTERS_OF_ID.length())));
        }
        return text.toString();
    }

    /**
     * Returns the arguments.
     *
     * @return a new map: texts, numbers, booleans, null, lists and maps by the names of the parameters
     */
    public Map<String, Object> argumentMap() {
        return ToolJson.map(what(name), arguments);
    }

    /**
     * Returns whether another call asks for the same: the same function, and arguments that are the same as JSON. The order of names
     * does not count, numbers count by their value, and ids do not count.
     *
     * @param other another call
     * @return true if it asks for the same
     */
    public boolean isSameAs(ToolCall other) {
        Objects.requireNonNull(other, "other must not be null");
        return name.equals(other.name)
                && ToolJson.areSame(
                        ToolJson.object(what(name), arguments), ToolJson.object(what(name), other.arguments));
    }

    /**
     * Returns the call as chat templates read it.
     *
     * @return {@code {"type": "function", "id", "function": {"name", "arguments"}}}, with the arguments as a map, and without
     *     {@code id} if there is none
     */
    public Map<String, Object> toMap() {
        Map<String, Object> function = new LinkedHashMap<>();
        function.put("name", name);
        function.put("arguments", argumentMap());
        Map<String, Object> call = new LinkedHashMap<>();
        call.put("type", "function");
        if (id != null) {
            call.put("id", id);
        }
        call.put("function", function);
        return call;
    }

    /**
     * Reads a call in the form of {@link #toMap}. The arguments can also be a JSON text.
     *
     * @param call the call
     * @return the call
     * @throws IllegalArgumentException if it has another form
     */
    public static ToolCall ofMap(Map<String, ?> call) {
        Objects.requireNonNull(call, "call must not be null");
        Object id = call.get("id");
        // Some data sets write the function without what is around it.
        Map<?, ?> function = call.get("function") instanceof Map<?, ?> inner ? inner : call;
        if (!(function.get("name") instanceof String name)) {
            throw new IllegalArgumentException("a call of a tool must have a function with a text name, found "
                    + MessageText.quote(call.toString()));
        }
        if (id != null && !(id instanceof String)) {
            throw new IllegalArgumentException("the id of the call of " + MessageText.shorten(name)
                    + " must be a text, found " + MessageText.quote(id.toString()));
        }
        Object arguments = function.get("arguments");
        if (arguments instanceof String || arguments instanceof Map<?, ?>) {
            String json = arguments instanceof String text ? text : ToolJson.write(what(name), arguments);
            return new ToolCall((String) id, name, json);
        }
        throw new IllegalArgumentException(what(name) + " must be a JSON object, or its text, found "
                + MessageText.quote(String.valueOf(arguments)));
    }
}
