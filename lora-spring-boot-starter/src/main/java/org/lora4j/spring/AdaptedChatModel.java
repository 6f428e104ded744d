package org.lora4j.spring;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.ChatAnswer;
import org.lora4j.text.ChatMessage;
import org.lora4j.text.ChatService;
import org.lora4j.text.Conversation;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.messages.Message;
import org.springframework.ai.chat.messages.MessageType;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.content.MediaContent;
import org.springframework.beans.BeanWrapper;
import org.springframework.beans.BeanWrapperImpl;
import org.springframework.util.ObjectUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.scheduler.Schedulers;

/** Spring AI's chats. What the model does not support is refused; see {@link RequestedAdapter#requireAbsent}. */
final class AdaptedChatModel implements ChatModel {
    private static final int DEFAULT_TOKENS = 512;

    private final ChatService chats;
    private final RequestedAdapter adapters;

    AdaptedChatModel(ChatService chats, RequestedAdapter adapters) {
        this.chats = chats;
        this.adapters = adapters;
    }

    @Override
    public ChatResponse call(Prompt prompt) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        // Nobody else can cancel it.
        ChatAnswer.Whole whole = start(prompt).read(part -> {}).orElseThrow();
        return response(prompt, whole, whole.text());
    }

    /** Generates when somebody subscribes, in a thread for calls that block. The last response has no text, but the figures. */
    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        return Flux.<ChatResponse>create(sink -> stream(prompt, sink)).subscribeOn(Schedulers.boundedElastic());
    }

    private void stream(Prompt prompt, FluxSink<ChatResponse> sink) {
        ChatAnswer answer = start(prompt);
        sink.onDispose(answer::cancel);
        answer.read(part -> sink.next(new ChatResponse(List.of(new Generation(new AssistantMessage(part))))))
                .ifPresent(whole -> sink.next(response(prompt, whole, "")));
        sink.complete();
    }

    private ChatAnswer start(Prompt prompt) {
        ChatOptions options = prompt.getOptions();
        requireSupported(options);
        List<String> stops = options == null ? null : options.getStopSequences();
        try {
            return chats.start(
                    adapters.adapter(name(options)),
                    conversation(prompt.getInstructions()),
                    generation(options),
                    stops == null ? List.of() : stops,
                    RequestOptions.defaults());
        } catch (IllegalArgumentException e) {
            throw new ServingException(Reason.INVALID_INPUT, String.valueOf(e.getMessage()), e);
        }
    }

    private String name(@Nullable ChatOptions options) {
        return adapters.name(options == null ? null : options.getModel());
    }

    private static void requireSupported(@Nullable ChatOptions options) {
        if (options == null) {
            return;
        }
        RequestedAdapter.requireAbsent("frequencyPenalty", options.getFrequencyPenalty() != null);
        RequestedAdapter.requireAbsent("presencePenalty", options.getPresencePenalty() != null);
        // Spring AI 2.0 has no names of tools any more, and the same class runs with 1.1.
        BeanWrapper properties = new BeanWrapperImpl(options);
        for (String tools : List.of("toolCallbacks", "toolNames")) {
            RequestedAdapter.requireAbsent(
                    tools,
                    properties.isReadableProperty(tools) && !ObjectUtils.isEmpty(properties.getPropertyValue(tools)));
        }
    }

    private static GenerationOptions generation(@Nullable ChatOptions options) {
        GenerationOptions sampled = GenerationOptions.sampling(
                        ThreadLocalRandom.current().nextLong())
                .withMaxTokens(DEFAULT_TOKENS);
        if (options == null) {
            return sampled;
        }
        return sampled.withMaxTokens(orElse(options.getMaxTokens(), DEFAULT_TOKENS))
                .withTemperature(orElse(options.getTemperature(), sampled.temperature()))
                .withTopP(orElse(options.getTopP(), sampled.topP()))
                .withTopK(orElse(options.getTopK(), sampled.topK()));
    }

    private static <T> T orElse(@Nullable T value, T other) {
        return value == null ? other : value;
    }

    private static Conversation conversation(List<Message> messages) {
        List<ChatMessage> all = new ArrayList<>(messages.size());
        for (Message message : messages) {
            boolean hasCalls = message instanceof AssistantMessage answer && answer.hasToolCalls();
            RequestedAdapter.requireAbsent(
                    "a message with calls of tools", hasCalls || message.getMessageType() == MessageType.TOOL);
            boolean hasMedia = message instanceof MediaContent content
                    && !content.getMedia().isEmpty();
            RequestedAdapter.requireAbsent("a message with media", hasMedia);
            String text = message.getText();
            all.add(ChatMessage.of(message.getMessageType().getValue(), text == null ? "" : text));
        }
        return new Conversation(all, List.of());
    }

    private ChatResponse response(Prompt prompt, ChatAnswer.Whole whole, String text) {
        ChatGenerationMetadata end = ChatGenerationMetadata.builder()
                .finishReason(whole.finish() == Finish.STOP ? "STOP" : "LENGTH")
                .build();
        ChatResponseMetadata figures = ChatResponseMetadata.builder()
                .model(name(prompt.getOptions()))
                .usage(new DefaultUsage(whole.promptTokens(), whole.tokens()))
                .build();
        return new ChatResponse(List.of(new Generation(new AssistantMessage(text), end)), figures);
    }
}
