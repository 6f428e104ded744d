package org.lora4j.text;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.text.chat.ChatAnswer;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.Conversation;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.chat.StopTexts;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.grammar.GrammarLease;
import org.lora4j.text.grammar.SchemaOptions;
import org.lora4j.text.tools.AnswerForm;
import org.lora4j.text.tools.ForcedCall;
import org.lora4j.text.tools.ToolFormat;

/**
 * Answers conversations as text, with calls of tools if the conversation has tools: a decoder, its chat template, and the service that generates.
 *
 * <pre>{@code
 * ChatService chats = ChatService.of(decoder, decoder.requireTemplate(), service);
 * Conversation question = Conversation.of(ChatMessage.of("user", "Where is my parcel?"));
 * GenerationOptions greedy = GenerationOptions.greedy().withMaxTokens(200);
 * String text = chats.start("support", question, greedy, List.of(), RequestOptions.defaults())
 *         .read(part -> {})
 *         .map(ChatAnswer.Whole::text)
 *         .orElseThrow();
 * }</pre>
 *
 * <p>Any number of threads can use it. It opens nothing, so it has nothing to close.
 */
public final class ChatService {
    private final DecoderFolder decoder;
    private final ChatTemplate template;
    private final GenerationService service;
    private final DecoderTokens tokens;

    /** The format that the program named; null for that of the template. */
    private final @Nullable ToolFormat named;

    private ChatService(
            DecoderFolder decoder, ChatTemplate template, GenerationService service, @Nullable ToolFormat named) {
        this.decoder = decoder;
        this.template = template;
        this.service = service;
        this.named = named;
        tokens = decoder.tokens();
    }

    /**
     * Creates an object that uses what the program opened.
     *
     * @param decoder the folder, for the tokenizer and the tokens that end a text
     * @param template writes the conversations
     * @param service generates; its model is that of the folder
     * @return the object
     */
    public static ChatService of(DecoderFolder decoder, ChatTemplate template, GenerationService service) {
        return new ChatService(
                Objects.requireNonNull(decoder, "decoder must not be null"),
                Objects.requireNonNull(template, "template must not be null"),
                Objects.requireNonNull(service, "service must not be null"),
                null);
    }

    /**
     * Returns the same service, which looks for calls of tools in every answer. By default it does so if the conversation has tools,
     * in the format of the template. This is for a model whose template does not know tools, so that a message describes them.
     *
     * @param format how the model writes calls
     * @return the object
     */
    public ChatService withToolFormat(ToolFormat format) {
        return new ChatService(decoder, template, service, Objects.requireNonNull(format, "format must not be null"));
    }

    /**
     * Starts an answer. It does not wait for the answer, but for {@link DecoderFolder#textLimiter} to turn the conversation into tokens.
     *
     * @param adapter the name of an adapter, or {@link org.lora4j.LoRAModel#BASE} if the service allows the base
     * @param conversation the messages so far. If it has tools, calls of them are read from the answer
     * @param generation how tokens are chosen, and the most new ones. The answer has fewer if the model has no positions for so many.
     *     It also ends at the tokens that end a text of this decoder
     * @param stops texts before which the answer ends; none for no such text
     * @param urgency the priority and the timeout, which begins now
     * @return the answer that is being generated
     * @throws ServingException if the template refuses the messages or knows no tools, they have too many tokens, there is no such adapter, too much
     *     waits, or the service or the folder was closed. The message is for the client
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     * @throws IllegalArgumentException if a stop text is empty
     */
    public ChatAnswer start(
            String adapter,
            Conversation conversation,
            GenerationOptions generation,
            List<String> stops,
            RequestOptions urgency) {
        Objects.requireNonNull(conversation, "conversation must not be null");
        return start(adapter, conversation, generation, stops, urgency, format(conversation));
    }

    /**
     * Starts an answer that is one call of a named tool, or one or more calls of any tools. Their arguments fit the schemas of the tools.
     *
     * @param adapter as in {@link #start}
     * @param conversation the messages so far, with tools
     * @param tool the name of the tool; empty for any of them
     * @param generation as in {@link #start}; its constraint is replaced. If its tokens are too few for a call, the answer fails
     * @param stops as in {@link #start}
     * @param urgency as in {@link #start}
     * @return the answer that is being generated
     * @throws ServingException as {@link #start}, or if there is no such tool, or its schema has what
     *     {@link org.lora4j.text.grammar.Grammar#jsonSchema(java.util.Map)} does not support
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     */
    public ChatAnswer startCall(
            String adapter,
            Conversation conversation,
            Optional<String> tool,
            GenerationOptions generation,
            List<String> stops,
            RequestOptions urgency) {
        Objects.requireNonNull(conversation, "conversation must not be null");
        Objects.requireNonNull(tool, "tool must not be null");
        ToolFormat format = format(conversation);
        return start(adapter, conversation, generation, stops, urgency, format, () -> {
            if (format == null) {
                throw new IllegalArgumentException(
                        "a call must be one of the tools of the conversation, found no tools");
            }
            ForcedCall one = conversation.forcedCall(format, tool);
            ForcedCall calls = tool.isEmpty() ? one.repeated() : one;
            return new AskedGrammar(calls, calls::grammar);
        });
    }

    /**
     * Starts an answer that is JSON; or calls, if the conversation has tools. The JSON fits a schema, and the calls those of the tools.
     *
     * @param adapter as in {@link #start}
     * @param conversation the messages so far
     * @param schema the text of the JSON Schema that the JSON fits
     * @param generation as in {@link #startCall}
     * @param stops as in {@link #start}
     * @param urgency as in {@link #start}
     * @return the answer that is being generated
     * @throws ServingException as {@link #start}, or if a schema has what {@link
     *     org.lora4j.text.grammar.Grammar#jsonSchema(String)} does not support
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     */
    public ChatAnswer startJson(
            String adapter,
            Conversation conversation,
            String schema,
            GenerationOptions generation,
            List<String> stops,
            RequestOptions urgency) {
        Objects.requireNonNull(conversation, "conversation must not be null");
        Objects.requireNonNull(schema, "schema must not be null");
        ToolFormat format = format(conversation);
        return start(adapter, conversation, generation, stops, urgency, format, () -> {
            if (format == null || conversation.tools().isEmpty()) {
                return new AskedGrammar(schema, () -> Grammar.jsonSchema(schema, SchemaOptions.WRITING));
            }
            ForcedCall either =
                    conversation.forcedCall(format, Optional.empty()).repeated().orJson(schema);
            return new AskedGrammar(either, either::grammar);
        });
    }

    /** What an answer must be, and the key under which that is known. */
    private record AskedGrammar(Object key, Supplier<Grammar> grammar) {}

    /** Starts an answer of a grammar, which counts against the memory of grammars until the answer has ended. */
    private ChatAnswer start(
            String adapter,
            Conversation conversation,
            GenerationOptions generation,
            List<String> stops,
            RequestOptions urgency,
            @Nullable ToolFormat format,
            Supplier<AskedGrammar> grammar) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(generation, "generation must not be null");
        Objects.requireNonNull(urgency, "urgency must not be null");
        long begin = System.nanoTime();
        GrammarLease lease;
        try {
            AskedGrammar asked = grammar.get();
            lease = decoder.grammars()
                    .lease(adapter, urgency, asked.key, asked.grammar, Math.max(1, generation.maxTokens()));
        } catch (IllegalArgumentException e) {
            throw new ServingException(Reason.INVALID_INPUT, String.valueOf(e.getMessage()), e);
        }
        try {
            RequestOptions left = urgency.after(Duration.ofNanos(System.nanoTime() - begin));
            ChatAnswer answer =
                    start(adapter, conversation, generation.withConstraint(lease.constraint()), stops, left, format);
            answer.onEnd(lease::close);
            return answer;
        } catch (RuntimeException | Error e) {
            lease.close();
            throw e;
        }
    }

    private ChatAnswer start(
            String adapter,
            Conversation conversation,
            GenerationOptions generation,
            List<String> stops,
            RequestOptions urgency,
            @Nullable ToolFormat format) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Objects.requireNonNull(generation, "generation must not be null");
        Objects.requireNonNull(urgency, "urgency must not be null");
        long begin = System.nanoTime();
        StopTexts ends = new StopTexts(stops);
        int[] prompt = prompt(adapter, conversation, urgency);
        AtomicBoolean stopped = new AtomicBoolean();
        GenerationOptions options = tokens.fitting(generation, prompt.length)
                .withStopWhen(ids -> stopped.get() || generation.stopWhen().test(ids));
        GenerationHandle handle = service.generate(GenerationRequest.of(adapter, prompt, options)
                .withOptions(urgency.after(Duration.ofNanos(System.nanoTime() - begin))));
        AnswerForm form = form(conversation, format, generation.constraint() != null);
        return new ChatAnswer(handle, decoder.tokenizer().stream(form.marks()), ends, form.reader(), stopped);
    }

    /** What is read from an answer. A grammar does not know thoughts. */
    private AnswerForm form(Conversation conversation, @Nullable ToolFormat format, boolean hasGrammar) {
        AnswerForm form = hasGrammar ? template.answerForm().withoutOpenThoughts() : template.answerForm();
        return format == null ? form : form.withCalls(format, conversation.describedTools());
    }

    private @Nullable ToolFormat format(Conversation conversation) {
        if (named != null || conversation.tools().isEmpty()) {
            return named;
        }
        return template.toolFormat()
                .orElseThrow(() -> new ServingException(
                        Reason.INVALID_INPUT,
                        "the chat template of the model " + decoder.name()
                                + " must write calls of tools in a form that is"
                                + " known, found none of " + Arrays.toString(ToolFormat.values())
                                + "; leave out the tools, or use a model whose template knows them",
                        null));
    }

    private int[] prompt(String adapter, Conversation conversation, RequestOptions urgency) {
        return decoder.textLimiter().run(adapter, DecoderTokens.characters(conversation), urgency, () -> {
            try {
                return tokens.prompt(conversation, template);
            } catch (IllegalArgumentException e) {
                throw new ServingException(Reason.INVALID_INPUT, String.valueOf(e.getMessage()), e);
            } catch (IllegalStateException e) {
                throw new ServingException(Reason.CLOSED, "the model was closed", e);
            }
        });
    }
}
