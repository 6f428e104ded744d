package org.lora4j.langchain4j;

import dev.langchain4j.agent.tool.ToolSpecification;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.ToolExecutionResultMessage;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.internal.Json;
import dev.langchain4j.internal.JsonSchemaElementUtils;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import dev.langchain4j.model.chat.request.ResponseFormatType;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.request.json.JsonSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.chat.Conversation;

/** Reads the requests of LangChain4j, and refuses what a decoder with a chat template does not compute. */
final class ChatInput {
    private static final String ANY_OBJECT = "{\"type\": \"object\"}";

    private ChatInput() {}

    private static void requireAbsent(String parameter, boolean isThere) {
        if (isThere) {
            throw unsupported(parameter);
        }
    }

    private static UnsupportedFeatureException unsupported(String what) {
        return new UnsupportedFeatureException(what + " is not supported by this model; leave it out");
    }

    /**
     * Returns the JSON Schema that the answer must fit.
     *
     * @return the text of the schema; null for any text
     */
    static @Nullable String schema(ChatRequestParameters parameters) {
        ResponseFormat format = parameters.responseFormat();
        if (format == null || format.type() == ResponseFormatType.TEXT) {
            return null;
        }
        JsonSchema schema = format.jsonSchema();
        return schema == null ? ANY_OBJECT : Json.toJson(JsonSchemaElementUtils.toMap(schema.rootElement()));
    }

    /**
     * Returns the messages and the tools as chat templates take them.
     *
     * @throws UnsupportedFeatureException if a message is not of text
     * @throws dev.langchain4j.exception.InvalidRequestException if a tool or a call of one is not what it must be
     */
    static Conversation conversation(List<ChatMessage> messages, ChatRequestParameters parameters) {
        // A template that does not show the tools lets the model call none.
        boolean hasTools = parameters.toolChoice() != ToolChoice.NONE;
        return conversation(messages, hasTools ? parameters.toolSpecifications() : List.of());
    }

    /** The same for tools that are all shown. */
    static Conversation conversation(List<ChatMessage> messages, @Nullable List<ToolSpecification> tools) {
        List<org.lora4j.text.chat.ChatMessage> all = new ArrayList<>(messages.size());
        for (ChatMessage message : messages) {
            all.add(message(message));
        }
        return new Conversation(all, List.of()).withTools(ToolInput.tools(tools));
    }

    private static org.lora4j.text.chat.ChatMessage message(ChatMessage message) {
        if (message instanceof SystemMessage system) {
            return org.lora4j.text.chat.ChatMessage.of("system", system.text());
        }
        if (message instanceof UserMessage user) {
            return org.lora4j.text.chat.ChatMessage.of("user", text(user.contents()));
        }
        if (message instanceof AiMessage answer) {
            requireAbsent("a message with images", !answer.images().isEmpty());
            org.lora4j.text.chat.ChatMessage said = answer.hasToolExecutionRequests()
                    ? ToolInput.calls(answer)
                    : org.lora4j.text.chat.ChatMessage.of(
                            org.lora4j.text.chat.ChatMessage.ASSISTANT, Objects.requireNonNullElse(answer.text(), ""));
            String thoughts = answer.thinking();
            return thoughts == null ? said : said.withThoughts(thoughts);
        }
        if (message instanceof ToolExecutionResultMessage result) {
            return ToolInput.result(result, text(result.contents()));
        }
        throw unsupported("a message of the type " + message.type());
    }

    private static String text(List<Content> contents) {
        List<String> texts = new ArrayList<>();
        for (Content content : contents) {
            if (!(content instanceof TextContent text)) {
                throw unsupported("content of the type " + content.type());
            }
            texts.add(text.text());
        }
        return String.join("\n", texts);
    }
}
