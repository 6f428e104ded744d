package org.lora4j.text.tools;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.grammar.SchemaOptions;

/**
 * An answer that must be calls of functions, whose arguments fit the schemas of the functions; or JSON, if {@link #orJson} says so. It
 * is written as the family of the model writes calls, with its own tokens.
 *
 * <pre>{@code
 * ForcedCall call = ForcedCall.of(ToolFormat.HERMES, List.of(Tool.of("now", "the time", "{\"type\": \"object\"}")));
 * GenerationOptions options =
 *         GenerationOptions.greedy().withConstraint(decoder.grammars().constraint(call, call::grammar));
 * }</pre>
 *
 * @param format how the model writes calls
 * @param tools the functions that may be called, at least one
 * @param isRepeated whether several calls may follow on each other
 * @param json the text of a JSON Schema that the answer may fit instead; null if it must be a call
 */
public record ForcedCall(
        ToolFormat format,
        List<Tool> tools,
        boolean isRepeated,
        @Nullable String json) {
    /**
     * Copies the list.
     *
     * @param format how the model writes calls
     * @param tools the functions
     * @param isRepeated whether several calls may follow on each other
     * @param json the text of a JSON Schema; null for none
     * @throws IllegalArgumentException if there is no function
     */
    public ForcedCall {
        Objects.requireNonNull(format, "format must not be null");
        tools = List.copyOf(Objects.requireNonNull(tools, "tools must not be null"));
        if (tools.isEmpty()) {
            throw new IllegalArgumentException("a call must have at least one tool to choose from, found none");
        }
    }

    /**
     * Creates the form of one call.
     *
     * @param format how the model writes calls
     * @param tools the functions of which one is called, at least one
     * @return the form
     * @throws IllegalArgumentException if there is no function
     */
    public static ForcedCall of(ToolFormat format, List<Tool> tools) {
        return new ForcedCall(format, tools, false, null);
    }

    /**
     * Returns the form of one or more calls.
     *
     * @return a form with the same functions
     */
    public ForcedCall repeated() {
        return new ForcedCall(format, tools, true, json);
    }

    /**
     * Returns the form of an answer that is calls, or else JSON. If the format has no mark before a call, as {@link ToolFormat#LLAMA3}
     * has none, JSON that looks like a call is read as one.
     *
     * @param schema the text of the JSON Schema that the JSON fits
     * @return a form with the same functions
     */
    public ForcedCall orJson(String schema) {
        return new ForcedCall(format, tools, isRepeated, Objects.requireNonNull(schema, "schema must not be null"));
    }

    /**
     * Returns what the model may write. {@link ToolFormat#reader} finds the calls in it.
     *
     * @return the grammar
     * @throws IllegalArgumentException if the format cannot write a name, or a schema has what {@link Grammar#jsonSchema(String)} does
     *     not support; the message names the function
     */
    public Grammar grammar() {
        Grammar calls = format.syntax().calls(tools.stream().map(this::call).toList(), isRepeated);
        return json == null ? calls : Grammar.anyOf(calls, Grammar.jsonSchema(json, SchemaOptions.WRITING));
    }

    private Grammar call(Tool tool) {
        try {
            return format.syntax().call(tool);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("the tool " + tool.name() + ": " + e.getMessage(), e);
        }
    }
}
