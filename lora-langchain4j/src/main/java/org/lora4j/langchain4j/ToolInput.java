package org.lora4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.chat.ChatMessage;
import org.lora4j.text.tools.Tool;
import org.lora4j.text.tools.ToolCall;

/** Reads the tools of LangChain4j's requests, their calls and their results. */
final class ToolInput {
    private ToolInput() {}

    static List<Tool> tools(@Nullable List<ToolSpecification> specifications) {
        return specifications == null
                ? List.of()
                : specifications.stream().map(one -> valid(() -> tool(one))).toList();
    }

    private static Tool tool(ToolSpecification tool) {
        String description = Objects.requireNonNullElse(tool.description(), "");
        return tool.parameters() == null
                ? Tool.of(tool.name(), description)
                : new Tool(tool.name(), description, JsonSchemaElementUtils.toMap(tool.parameters()));
    }

    /** An answer with calls. */
    static ChatMessage calls(AiMessage answer) {
        return valid(() -> ChatMessage.ofToolCalls(
                answer.text(),
                answer.toolExecutionRequests().stream().map(ToolInput::call).toList()));
    }

    private static ToolCall call(ToolExecutionRequest request) {
        String arguments = request.arguments();
        boolean hasNone = arguments == null || arguments.isBlank();
        return new ToolCall(request.id(), request.name(), hasNone ? "{}" : arguments);
    }

    static ChatMessage result(ToolExecutionResultMessage result, String text) {
        ToolCall call = valid(() -> new ToolCall(result.id(), result.toolName(), "{}"));
        return Boolean.TRUE.equals(result.isError())
                ? ChatMessage.ofToolError(call, text)
                : ChatMessage.ofToolResult(call, text);
    }

    /** The call of a tool, with an id of its own. */
    static ToolExecutionRequest request(ToolCall call) {
        return ToolExecutionRequest.builder()
                .id(call.identified().id())
                .name(call.name())
                .arguments(call.arguments())
                .build();
    }

    private static <T> T valid(Supplier<T> reading) {
        try {
            return reading.get();
        } catch (IllegalArgumentException e) {
            throw new InvalidRequestException(e.getMessage(), e);
        }
    }
}
