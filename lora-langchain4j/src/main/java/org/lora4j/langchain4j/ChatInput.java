package org.lora4j.langchain4j;

import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.data.message.ChatMessage;
import dev.langchain4j.data.message.Content;
import dev.langchain4j.data.message.SystemMessage;
import dev.langchain4j.data.message.TextContent;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.exception.UnsupportedFeatureException;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ResponseFormat;
import java.util.ArrayList;
import java.util.List;
import org.lora4j.text.Conversation;

/** Reads the requests of LangChain4j, and refuses what a decoder with a chat template does not compute. */
final class ChatInput {
    private ChatInput() {}

    /**
     * Checks the parameters that are there.
     *
     * @throws UnsupportedFeatureException if one of them would have no effect
     */
    static void requireSupported(ChatRequestParameters parameters) {
        requireAbsent("toolSpecifications", !parameters.toolSpecifications().isEmpty());
        requireAbsent("toolChoice", parameters.toolChoice() != null);
        requireAbsent("frequencyPenalty", parameters.frequencyPenalty() != null);
        requireAbsent("presencePenalty", parameters.presencePenalty() != null);
        ResponseFormat format = parameters.responseFormat();
        requireAbsent("responseFormat JSON", format != null && !format.equals(ResponseFormat.TEXT));
    }

    private static void requireAbsent(String parameter, boolean isThere) {
        if (isThere) {
            throw unsupported(parameter);
        }
    }

    private static UnsupportedFeatureException unsupported(String what) {
        return new UnsupportedFeatureException(what + " is not supported by this model; leave it out");
    }

    /**
     * Returns the messages as chat templates take them.
     *
     * @throws UnsupportedFeatureException if a message is not of text
     */
    static Conversation conversation(List<ChatMessage> messages) {
        List<org.lora4j.text.ChatMessage> all = new ArrayList<>(messages.size());
        for (ChatMessage message : messages) {
            all.add(message(message));
        }
        return new Conversation(all, List.of());
    }

    private static org.lora4j.text.ChatMessage message(ChatMessage message) {
        if (message instanceof SystemMessage system) {
            return org.lora4j.text.ChatMessage.of("system", system.text());
        }
        if (message instanceof UserMessage user) {
            return org.lora4j.text.ChatMessage.of("user", text(user));
        }
        if (message instanceof AiMessage answer) {
            return org.lora4j.text.ChatMessage.of(org.lora4j.text.ChatMessage.ASSISTANT, text(answer));
        }
        throw unsupported("a message of the type " + message.type());
    }

    private static String text(UserMessage user) {
        List<String> texts = new ArrayList<>();
        for (Content content : user.contents()) {
            if (!(content instanceof TextContent text)) {
                throw unsupported("content of the type " + content.type());
            }
            texts.add(text.text());
        }
        return String.join("\n", texts);
    }

    private static String text(AiMessage answer) {
        requireAbsent("a message with tool execution requests", answer.hasToolExecutionRequests());
        requireAbsent("a message with images", !answer.images().isEmpty());
        String text = answer.text();
        return text == null ? "" : text;
    }
}
