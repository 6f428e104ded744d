package org.lora4j.spring;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.tools.Tool;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.ToolCallingChatOptions;
import org.springframework.ai.model.tool.ToolCallingManager;
import org.springframework.ai.model.tool.ToolExecutionResult;
import org.springframework.ai.tool.definition.ToolDefinition;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.BeanWrapperImpl;

/**
 * The tools of Spring AI's requests. With Spring AI 1.1 a model executes them, unless the options say that the program does. From 2.0
 * on, an advisor of the client does.
 */
final class ToolExecution {
    private static final String INTERNAL = "internalToolExecutionEnabled";

    private final ToolCallingManager manager;

    ToolExecution(ToolCallingManager manager) {
        this.manager = manager;
    }

    /**
     * Returns the tools that a model may call.
     *
     * @throws IllegalArgumentException if one is not what it must be
     */
    List<Tool> tools(@Nullable ChatOptions options) {
        return options instanceof ToolCallingChatOptions tools
                ? manager.resolveToolDefinitions(tools).stream()
                        .map(ToolExecution::tool)
                        .toList()
                : List.of();
    }

    private static Tool tool(ToolDefinition tool) {
        return Tool.of(tool.name(), Objects.requireNonNullElse(tool.description(), ""), tool.inputSchema());
    }

    /** Whether the model must execute the calls of an answer. */
    private static boolean isAskedFor(@Nullable ChatOptions options, ChatResponse response) {
        if (!response.hasToolCalls() || !(options instanceof ToolCallingChatOptions)) {
            return false;
        }
        // Spring AI 2.0 has no such option any more, and the same class runs with 1.1.
        BeanWrapper properties = new BeanWrapperImpl(options);
        return properties.isReadableProperty(INTERNAL) && !Boolean.FALSE.equals(properties.getPropertyValue(INTERNAL));
    }

    /**
     * Executes the calls of an answer, if that is asked for.
     *
     * @return the results; null if there are none
     */
    @Nullable
    ToolExecutionResult execute(Prompt prompt, ChatResponse response) {
        return isAskedFor(prompt.getOptions(), response) ? manager.executeToolCalls(prompt, response) : null;
    }

    /** The results as an answer, for tools whose result is the answer. */
    static ChatResponse direct(ToolExecutionResult result, ChatResponse response) {
        return new ChatResponse(ToolExecutionResult.buildGenerations(result), response.getMetadata());
    }
}
