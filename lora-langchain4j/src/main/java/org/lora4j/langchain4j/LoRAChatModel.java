package org.lora4j.langchain4j;

import dev.langchain4j.agent.tool.ToolExecutionRequest;
import dev.langchain4j.data.message.AiMessage;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.ModelProvider;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.listener.ChatModelListener;
import dev.langchain4j.model.chat.request.ChatRequest;
import dev.langchain4j.model.chat.request.ChatRequestParameters;
import dev.langchain4j.model.chat.request.ToolChoice;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.output.FinishReason;
import dev.langchain4j.model.output.TokenUsage;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.ChatService;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.chat.ChatAnswer;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.task.Generate;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.TaskSettings;

/**
 * A {@link ChatModel} of LangChain4j: a decoder of the Llama family or a GPT-2 with a chat template, alone or with adapters. {@link
 * #streaming} is the {@code StreamingChatModel} of the same weights.
 *
 * <pre>{@code
 * LoRAChatModel model = LoRAChatModel.builder(Path.of("SmolLM2-135M-Instruct"))
 *         .adapter("support", Path.of("adapters/support"))
 *         .build();
 * ChatRequest request = ChatRequest.builder()
 *         .messages(UserMessage.from("Where is my parcel?"))
 *         .modelName("support")
 *         .temperature(0.0)
 *         .build();
 * String answer = model.chat(request).aiMessage().text();
 * }</pre>
 *
 * <p><b>Parameters.</b> {@code modelName} chooses the adapter. {@code temperature}, {@code topP}, {@code topK}, {@code maxOutputTokens}
 * and {@code stopSequences} are those of {@link GenerationOptions}; without a temperature it is 1, and 0 chooses the most probable
 * token. {@code toolSpecifications} are shown to the model by its chat template, and its calls are read back; with the {@code
 * toolChoice} {@code REQUIRED} the answer is one or more calls, whose arguments fit their schemas. A template that does not know tools is refused
 * with {@code InvalidRequestException}. With a {@code responseFormat} of JSON the answer is an object, and fits the schema if there is
 * one; a schema with what {@link org.lora4j.text.grammar.Grammar#jsonSchema(String)} does not support is refused in the same way. With
 * tools too, the answer is either such JSON or calls whose arguments fit their schemas. Messages that are not text are refused with
 * LangChain4j's {@code UnsupportedFeatureException}.
 *
 * <p><b>Failures.</b> They are exceptions of LangChain4j: {@code ModelNotFoundException} if there is no adapter of the name, {@code
 * InvalidRequestException} if the messages are too long or the chat template refuses them, {@code RateLimitException} if too much
 * waits, {@code TimeoutException} after {@link Builder#timeout}, else {@code InternalServerException}. Their messages name no other
 * adapters, layers or paths, so they can be sent to a client; their cause is for the operator.
 *
 * <p><b>Threads.</b> Any number of threads can use a model. Their answers are computed together by a {@link GenerationService}.
 */
public final class LoRAChatModel implements ChatModel, AutoCloseable {
    private static final int DEFAULT_TOKENS = 512;

    private final DecoderFolder decoder;
    private final boolean closesDecoder;
    private final GenerationService service;
    private final boolean closesService;
    private final ChatService chats;
    private final ChatRequestParameters defaults;
    private final RequestOptions urgency;
    private final OptionalLong seed;
    private final List<ChatModelListener> listeners;
    private final Executor executor;
    private final ActiveCalls calls = new ActiveCalls();

    private LoRAChatModel(
            Builder builder,
            DecoderFolder decoder,
            GenerationService service,
            ChatTemplate template,
            ChatRequestParameters defaults) {
        this.decoder = decoder;
        closesDecoder = builder.source.isOwned();
        this.service = service;
        closesService = builder.service == null;
        chats = ChatService.of(decoder, template, service);
        this.defaults = defaults;
        urgency = builder.urgency;
        seed = builder.seed;
        listeners = builder.listeners;
        executor = builder.executor == null ? newThreads() : builder.executor;
    }

    /** A thread for each handler, because a handler may block. A thread without one ends after some seconds. */
    private static Executor newThreads() {
        return new ThreadPoolExecutor(0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
            Thread thread = new Thread(task, "lora4j-chat");
            thread.setDaemon(true);
            return thread;
        });
    }

    /**
     * Starts to build a model that opens a folder, and closes it with {@link #close}.
     *
     * @param folder a folder of Hugging Face's hub, as {@link DecoderFolder} reads it, with a chat template
     * @return a builder with the defaults
     */
    public static Builder builder(Path folder) {
        return new Builder(GivenModel.of(folder));
    }

    /**
     * Starts to build a model on a folder that was opened. {@link #close} does not close it; the program that opened it does.
     *
     * @param decoder the folder
     * @return a builder with the defaults
     */
    public static Builder builder(DecoderFolder decoder) {
        return new Builder(GivenModel.of(decoder, "decoder"));
    }

    /**
     * Answers messages. The thread waits for the whole answer; to interrupt it cancels the answer.
     *
     * @param request the messages and the parameters
     * @return the answer, the tokens of the prompt and the answer, and why it ended: {@code STOP} at the end of the text or a stop
     *     sequence, {@code LENGTH} after the most tokens
     * @throws dev.langchain4j.exception.UnsupportedFeatureException if the request has what this model does not compute
     * @throws dev.langchain4j.exception.LangChain4jException if it fails; see the class
     * @throws IllegalStateException if the model was closed
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     */
    @Override
    public ChatResponse doChat(ChatRequest request) {
        Objects.requireNonNull(request, "request must not be null");
        ChatRequestParameters parameters = supported(request);
        calls.begin();
        try {
            // Nobody else can cancel it.
            ChatAnswer.Whole whole = start(request, parameters).read(part -> {}).orElseThrow();
            return response(
                    parameters,
                    whole,
                    whole.toolCalls().stream().map(ToolInput::request).toList());
        } catch (RuntimeException e) {
            throw ChatFailures.of(e);
        } finally {
            calls.end();
        }
    }

    /**
     * Returns the model that answers part by part, with the same weights, adapters and parameters.
     *
     * @return a model that is closed with this one
     */
    public LoRAStreamingChatModel streaming() {
        return new LoRAStreamingChatModel(this, executor, calls);
    }

    /** The calls of tools have their ids. */
    static ChatResponse response(
            ChatRequestParameters parameters, ChatAnswer.Whole whole, List<ToolExecutionRequest> requests) {
        AiMessage.Builder message = AiMessage.builder().toolExecutionRequests(requests);
        if (requests.isEmpty() || !whole.text().isEmpty()) {
            message.text(whole.text());
        }
        if (!whole.thoughts().isEmpty()) {
            message.thinking(whole.thoughts());
        }
        FinishReason asked = requests.isEmpty() ? FinishReason.STOP : FinishReason.TOOL_EXECUTION;
        return ChatResponse.builder()
                .id("chat-" + UUID.randomUUID())
                .modelName(parameters.modelName())
                .aiMessage(message.build())
                .tokenUsage(new TokenUsage(whole.promptTokens(), whole.tokens()))
                .finishReason(whole.finish() == Finish.STOP ? asked : FinishReason.LENGTH)
                .build();
    }

    /** Returns the parameters of a request, of which all are computed. */
    ChatRequestParameters supported(ChatRequest request) {
        ChatRequestParameters parameters = defaults.overrideWith(request.parameters());
        // Refuses messages that are not text.
        ChatInput.conversation(request.messages(), parameters);
        return parameters;
    }

    /** Starts an answer. */
    ChatAnswer start(ChatRequest request, ChatRequestParameters parameters) {
        List<String> adapters = ModelNames.adapters(decoder.name(), parameters.modelName());
        String adapter = adapters.isEmpty() ? LoRAModel.BASE : adapters.get(0);
        Conversation conversation = ChatInput.conversation(request.messages(), parameters);
        try {
            GenerationOptions options = options(parameters);
            List<String> stops = parameters.stopSequences();
            if (parameters.toolChoice() == ToolChoice.REQUIRED) {
                return chats.startCall(adapter, conversation, Optional.empty(), options, stops, urgency);
            }
            String schema = ChatInput.schema(parameters);
            return schema == null
                    ? chats.start(adapter, conversation, options, stops, urgency)
                    : chats.startJson(adapter, conversation, schema, options, stops, urgency);
        } catch (IllegalArgumentException e) {
            throw new InvalidRequestException(e.getMessage(), e);
        }
    }

    private GenerationOptions options(ChatRequestParameters parameters) {
        GenerationOptions options = GenerationOptions.sampling(
                seed.orElseGet(() -> ThreadLocalRandom.current().nextLong()));
        return options.withMaxTokens(orElse(parameters.maxOutputTokens(), DEFAULT_TOKENS))
                .withTemperature(orElse(parameters.temperature(), options.temperature()))
                .withTopP(orElse(parameters.topP(), options.topP()))
                .withTopK(orElse(parameters.topK(), options.topK()))
                .withFrequencyPenalty(orElse(parameters.frequencyPenalty(), options.frequencyPenalty()))
                .withPresencePenalty(orElse(parameters.presencePenalty(), options.presencePenalty()));
    }

    private static <T> T orElse(@Nullable T value, T other) {
        return value == null ? other : value;
    }

    @Override
    public ChatRequestParameters defaultRequestParameters() {
        return defaults;
    }

    @Override
    public List<ChatModelListener> listeners() {
        return listeners;
    }

    @Override
    public ModelProvider provider() {
        return ModelProvider.OTHER;
    }

    @Override
    public Set<Capability> supportedCapabilities() {
        return Set.of(Capability.RESPONSE_FORMAT_JSON_SCHEMA);
    }

    /**
     * Refuses later requests, and waits for the answers that are being generated and for the handlers that receive them. Then frees
     * the native tokenizer, if {@link #builder(Path)} opened the folder. A folder and a service that the program created stay open;
     * with a service of the program, nothing is refused and nobody waits. A second call has no effect. A handler can close the model:
     * it then waits for the answers that are being generated, but for no handler, and its own answer may fail.
     */
    @Override
    public void close() {
        if (closesService) {
            service.close();
            calls.awaitEnd();
        }
        if (closesDecoder) {
            decoder.close();
        }
    }

    @Override
    public String toString() {
        return "LoRAChatModel[" + defaults.modelName() + "]";
    }

    /** Builds a {@link LoRAChatModel}. */
    public static final class Builder extends AdaptedModelBuilder<Builder> {
        private final GivenModel<DecoderFolder> source;
        private @Nullable GenerationService service;
        private @Nullable ChatTemplate template;
        private ChatRequestParameters parameters =
                ChatRequestParameters.builder().build();
        private RequestOptions urgency = RequestOptions.defaults();
        private OptionalLong seed = OptionalLong.empty();
        private List<ChatModelListener> listeners = List.of();
        private @Nullable Executor executor;

        private Builder(GivenModel<DecoderFolder> source) {
            this.source = source;
        }

        @Override
        Builder self() {
            return this;
        }

        /**
         * Sets the service that generates, for one with other limits, or one that other code uses too. {@link #close} does not close
         * it. It has its own adapters, so none may be given to this builder.
         *
         * @param generations a service of the network of the same folder. It must allow the base if requests may use it
         * @return this builder
         */
        public Builder service(GenerationService generations) {
            service = Objects.requireNonNull(generations, "generations must not be null");
            return this;
        }

        /**
         * Sets the chat template, for a folder that has none.
         *
         * @param chats the template; that of the folder by default
         * @return this builder
         */
        public Builder template(ChatTemplate chats) {
            template = Objects.requireNonNull(chats, "chats must not be null");
            return this;
        }

        /**
         * Sets the parameters that hold where a request says nothing.
         *
         * @param values the parameters
         * @return this builder
         */
        public Builder defaultRequestParameters(ChatRequestParameters values) {
            parameters = parameters.overrideWith(Objects.requireNonNull(values, "values must not be null"));
            return this;
        }

        /**
         * Sets the temperature where a request says nothing.
         *
         * @param value at least 0; 1 by default, and 0 for the most probable token
         * @return this builder
         */
        public Builder temperature(double value) {
            return defaultRequestParameters(
                    ChatRequestParameters.builder().temperature(value).build());
        }

        /**
         * Sets the most tokens of an answer where a request says nothing.
         *
         * @param tokens at least 1; 512 by default. An answer has fewer if the model has no positions for so many
         * @return this builder
         */
        public Builder maxOutputTokens(int tokens) {
            return defaultRequestParameters(
                    ChatRequestParameters.builder().maxOutputTokens(tokens).build());
        }

        /**
         * Sets the seed of the draws, so that the same request gives the same answer, except for rounding.
         *
         * @param draws the seed; another one for each request by default
         * @return this builder
         */
        public Builder seed(long draws) {
            seed = OptionalLong.of(draws);
            return this;
        }

        /**
         * Sets how long an answer takes at most.
         *
         * @param most above 0; by default there is no limit
         * @return this builder
         * @throws IllegalArgumentException if the time is not above 0
         */
        public Builder timeout(Duration most) {
            urgency = urgency.withTimeout(Objects.requireNonNull(most, "most must not be null"));
            return this;
        }

        /**
         * Sets the listeners, which LangChain4j calls before and after each request.
         *
         * @param all the listeners; none by default
         * @return this builder
         */
        public Builder listeners(List<ChatModelListener> all) {
            listeners = List.copyOf(Objects.requireNonNull(all, "all must not be null"));
            return this;
        }

        /**
         * Sets what calls the handlers of streaming calls. Each call takes a thread until its answer has ended.
         *
         * @param handlers the executor; daemon threads of the model by default
         * @return this builder
         */
        public Builder executor(Executor handlers) {
            executor = Objects.requireNonNull(handlers, "handlers must not be null");
            return this;
        }

        /**
         * Loads the model and the adapters.
         *
         * @return the model
         * @throws IOException if a file is missing, cannot be read or is damaged, or there is no chat template
         * @throws IllegalArgumentException if the folder has a model that this library does not compute, an adapter does not fit the
         *     model, there is none of the name of the default, or adapters are given together with a service
         */
        public LoRAChatModel build() throws IOException {
            if (service != null && hasAdapters()) {
                throw new IllegalArgumentException(
                        "adapters must be those of the service if one is given, found others;"
                                + " give them to the model and the cache of the service");
            }
            return source.make(folder -> DecoderFolder.open(folder, storage), decoder -> {
                String named = orElse(defaultName(), orElse(parameters.modelName(), decoder.name()));
                ChatRequestParameters defaults = parameters.overrideWith(
                        ChatRequestParameters.builder().modelName(named).build());
                ChatTemplate chats = template != null ? template : decoder.requireTemplate();
                GenerationService generations = service != null ? service : newService(decoder, named);
                return new LoRAChatModel(this, decoder, generations, chats, defaults);
            });
        }

        private GenerationService newService(DecoderFolder decoder, String named) throws IOException {
            LoRAModel model = modelOr(decoder::network);
            AdapterCache cache =
                    loadAdapters(model, adapters(decoder, new Generate(), TaskSettings.none()), Head.NEXT_TOKEN);
            ModelNames adapters = new ModelNames(decoder.name(), model, cache);
            List<String> unused = adapters.defaults(named);
            GenerationService.Builder generations =
                    GenerationService.builder(model).allowBase(true);
            return (cache == null ? generations : generations.adapters(cache)).build();
        }
    }
}
