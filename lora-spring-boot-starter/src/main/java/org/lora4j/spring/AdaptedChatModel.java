package org.lora4j.spring;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.ChatService;
import org.lora4j.text.chat.ChatAnswer;
import org.lora4j.text.chat.Conversation;
import org.springframework.ai.chat.messages.AssistantMessage;
import org.springframework.ai.chat.metadata.ChatGenerationMetadata;
import org.springframework.ai.chat.metadata.ChatResponseMetadata;
import org.springframework.ai.chat.metadata.DefaultUsage;
import org.springframework.ai.chat.model.ChatModel;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.model.Generation;
import org.springframework.ai.chat.prompt.ChatOptions;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.model.tool.StructuredOutputChatOptions;
import org.springframework.ai.model.tool.ToolExecutionResult;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.scheduler.Schedulers;

/** Spring AI's chats. What the model does not support is refused; see {@link RequestedAdapter#requireAbsent}. */
final class AdaptedChatModel implements ChatModel {
    private static final int DEFAULT_TOKENS = 512;

    private final ChatService chats;
    private final RequestedAdapter adapters;
    private final ToolExecution tools;

    AdaptedChatModel(ChatService chats, RequestedAdapter adapters, ToolExecution tools) {
        this.chats = chats;
        this.adapters = adapters;
        this.tools = tools;
    }

    /** Options that can hold tools and a schema: a client of Spring AI drops what other options cannot hold. */
    @Override
    public ChatOptions getDefaultOptions() {
        return new AdaptedChatOptions();
    }

    /** The same by its name in Spring AI 2.0. */
    public ChatOptions getOptions() {
        return StructuredOptions.create();
    }

    @Override
    public ChatResponse call(Prompt prompt) {
        Prompt next = Objects.requireNonNull(prompt, "prompt must not be null");
        while (true) {
            // Nobody else can cancel it.
            ChatAnswer.Whole whole = start(next).read(part -> {}).orElseThrow();
            ChatResponse response = response(next, whole, whole.text());
            ToolExecutionResult result = tools.execute(next, response);
            if (result == null || result.returnDirect()) {
                return result == null ? response : ToolExecution.direct(result, response);
            }
            next = new Prompt(result.conversationHistory(), next.getOptions());
        }
    }

    /**
     * Generates when somebody subscribes, in a thread for calls that block. The last response has no text, but the figures and the calls
     * of tools.
     */
    @Override
    public Flux<ChatResponse> stream(Prompt prompt) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        return Flux.<ChatResponse>create(sink -> stream(prompt, sink)).subscribeOn(Schedulers.boundedElastic());
    }

    private void stream(Prompt prompt, FluxSink<ChatResponse> sink) {
        @Nullable Prompt next = prompt;
        AtomicReference<@Nullable ChatAnswer> running = new AtomicReference<>();
        sink.onDispose(() -> {
            ChatAnswer answer = running.get();
            if (answer != null) {
                answer.cancel();
            }
        });
        while (next != null && !sink.isCancelled()) {
            ChatAnswer answer = start(next);
            running.set(answer);
            if (sink.isCancelled()) {
                answer.cancel();
            }
            next = read(answer, next, sink);
        }
        sink.complete();
    }

    /** Sends an answer. Returns what is asked next, after calls of tools; null if that was all. */
    private @Nullable Prompt read(ChatAnswer answer, Prompt prompt, FluxSink<ChatResponse> sink) {
        Optional<ChatAnswer.Whole> whole =
                answer.read(part -> sink.next(new ChatResponse(List.of(new Generation(new AssistantMessage(part))))));
        if (whole.isEmpty()) {
            return null;
        }
        ChatResponse response = response(prompt, whole.get(), "");
        // The results follow on the text too, which was sent.
        ToolExecutionResult result =
                tools.execute(prompt, response(prompt, whole.get(), whole.get().text()));
        if (result == null || result.returnDirect()) {
            sink.next(result == null ? response : ToolExecution.direct(result, response));
            return null;
        }
        return new Prompt(result.conversationHistory(), prompt.getOptions());
    }

    private ChatAnswer start(Prompt prompt) {
        ChatOptions options = prompt.getOptions();
        List<String> stops = options == null ? null : options.getStopSequences();
        try {
            Conversation conversation = new Conversation(ChatMessages.read(prompt.getInstructions()), List.of())
                    .withTools(tools.tools(options));
            String adapter = adapters.adapter(name(options));
            String schema = schema(options);
            GenerationOptions generation = generation(options);
            List<String> ends = stops == null ? List.of() : stops;
            return schema == null
                    ? chats.start(adapter, conversation, generation, ends, RequestOptions.defaults())
                    : chats.startJson(adapter, conversation, schema, generation, ends, RequestOptions.defaults());
        } catch (IllegalArgumentException e) {
            throw new ServingException(Reason.INVALID_INPUT, String.valueOf(e.getMessage()), e);
        }
    }

    /** What the answer must fit, if a client of Spring AI leaves that to the model. */
    private static @Nullable String schema(@Nullable ChatOptions options) {
        return options instanceof StructuredOutputChatOptions structured ? structured.getOutputSchema() : null;
    }

    private String name(@Nullable ChatOptions options) {
        return adapters.name(options == null ? null : options.getModel());
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
                .withTopK(orElse(options.getTopK(), sampled.topK()))
                .withFrequencyPenalty(orElse(options.getFrequencyPenalty(), sampled.frequencyPenalty()))
                .withPresencePenalty(orElse(options.getPresencePenalty(), sampled.presencePenalty()));
    }

    private static <T> T orElse(@Nullable T value, T other) {
        return value == null ? other : value;
    }

    private ChatResponse response(Prompt prompt, ChatAnswer.Whole whole, String text) {
        String asked = whole.toolCalls().isEmpty() ? "STOP" : "TOOL_CALLS";
        ChatGenerationMetadata end = ChatGenerationMetadata.builder()
                .finishReason(whole.finish() == Finish.STOP ? asked : "LENGTH")
                .build();
        ChatResponseMetadata figures = ChatResponseMetadata.builder()
                .model(name(prompt.getOptions()))
                .usage(new DefaultUsage(whole.promptTokens(), whole.tokens()))
                .build();
        return new ChatResponse(List.of(new Generation(ChatMessages.answer(text, whole), end)), figures);
    }
}
