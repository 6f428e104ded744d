package org.lora4j.cli.serve;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.TextService;
import org.lora4j.text.chat.ChatTemplate;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.grammar.Grammar;
import org.lora4j.text.grammar.GrammarCache;
import org.lora4j.text.grammar.GrammarLease;
import org.lora4j.text.tokens.Tokenizer;
import org.lora4j.text.tools.ForcedCall;

/** What a decoder generates, alone and with adapters of language models. */
final class ServedDecoder implements AutoCloseable {
    private final ServedModel model;
    private final DecoderFolder decoder;
    private final DecoderTokens tokens;

    /** How many tokens the model has. */
    private final int vocabulary;

    private final GenerationService service;

    /**
     * Creates the generations.
     *
     * @param model what is served
     * @param decoder its model
     * @param texts has the model with its adapters
     */
    ServedDecoder(ServedModel model, DecoderFolder decoder, TextService texts) {
        this.model = model;
        this.decoder = decoder;
        tokens = decoder.tokens();
        vocabulary = Math.toIntExact(texts.adapted().base().outputSize());
        ServeLimits limits = model.limits();
        GenerationService.Builder builder = texts.generations();
        if (limits.waiting() > 0) {
            builder.maxWaitingTokens(limits.waiting());
        }
        if (limits.running() > 0) {
            builder.maxRunning(limits.running());
        }
        if (limits.cachedTokens() > 0) {
            builder.maxCachedTokens(limits.cachedTokens());
        }
        if (limits.prefixBytes() >= 0) {
            builder.maxPrefixBytes(limits.prefixBytes());
        }
        service = builder.build();
    }

    /** Returns the adapter of a name that a request gives as its model, which must generate text. */
    String adapter(String name) {
        model.requireGenerates(name);
        return model.adapter(name);
    }

    <T> T limited(String adapter, TextBody body, Deadline deadline, Supplier<T> reading) {
        return model.limited(adapter, body, deadline, reading);
    }

    Tokenizer tokenizer() {
        return decoder.tokenizer();
    }

    Optional<ChatTemplate> template() {
        return decoder.template();
    }

    /** Makes the tokens of prompts. */
    DecoderTokens tokens() {
        return tokens;
    }

    /**
     * Returns the grammar of an answer whose calls must fit their schemas, if it has any.
     *
     * @param field what has the schemas, for the message
     * @throws ApiException if calls of the model do not begin with a token of their own
     */
    AskedGrammar begunBy(String field, ForcedCall calls) {
        String mark = calls.format()
                .firstMark()
                .filter(text -> decoder.vocabulary().token(text).isPresent())
                .orElseThrow(() -> ApiException.unsupported(
                        field,
                        "a tool with strict is not supported where the model chooses, because the calls of this model do not begin"
                                + " with a token of their own: strict must be false or absent, or tool_choice required or the"
                                + " name of a function"));
        return new AskedGrammar(field, calls, calls::grammar, mark);
    }

    /**
     * Compiles the grammar of a request.
     *
     * @throws ApiException if a schema has what is not supported, or the tokens that the answer may have cannot complete a text
     * @throws org.lora4j.serve.ServingException if the time is over, or there is no memory for it now
     */
    GrammarLease compile(AskedGrammar asked, TextRequest request, Deadline deadline, RequestUse use) {
        // What the model begins by itself may be cut.
        int most = asked.mark() == null ? request.options().maxTokens() : Integer.MAX_VALUE;
        String tenant = use.tenant(request.adapter());
        AtomicLong begin = new AtomicLong();
        Supplier<Grammar> counted = () -> {
            use.requireCompile();
            begin.set(System.nanoTime());
            return asked.grammar().get();
        };
        try {
            return decoder.grammars().lease(tenant, deadline.options(), asked.key(), counted, most);
        } catch (IllegalArgumentException e) {
            throw ApiException.field(asked.field(), asked.field() + ": " + e.getMessage());
        } finally {
            if (begin.get() != 0) {
                use.compiled(System.nanoTime() - begin.get());
            }
        }
    }

    /** Which tokens an answer may have. */
    TokenConstraint constraint(AskedGrammar asked, GrammarLease compiled) {
        String mark = asked.mark();
        return mark == null ? compiled.constraint() : compiled.begunBy(mark, vocabulary);
    }

    /**
     * Checks that log probabilities can name tokens.
     *
     * @param field what asks for them, for the message
     * @throws ApiException if the tokens of the model have no bytes
     */
    void requireBytes(String field) {
        try {
            decoder.vocabulary();
        } catch (IllegalArgumentException e) {
            throw ApiException.field(field, field + ": " + e.getMessage());
        }
    }

    /** Returns the bytes of a token; those of its name if it is a special one. */
    byte[] bytes(int id) {
        byte[] bytes = decoder.vocabulary().bytes(id);
        return bytes.length > 0
                ? bytes
                : tokenizer().decode(new int[] {id}, false).getBytes(StandardCharsets.UTF_8);
    }

    int maxNewTokens() {
        return model.limits().newTokens();
    }

    /**
     * Starts a generation.
     *
     * @param use whose request it is: what is known of prompts is shared by the requests of one key
     * @param consumer is given each token
     */
    GenerationHandle generate(TextRequest request, Deadline deadline, RequestUse use, IntConsumer consumer) {
        GenerationRequest unscoped = GenerationRequest.of(request.adapter(), request.prompt(), request.options())
                .withOptions(deadline.options())
                .withConsumer(consumer);
        GenerationRequest asked = model.limits().sharesPrompts()
                ? unscoped
                : unscoped.withScope(use.client().owner());
        String conversation = request.conversation();
        return service.generate(conversation == null ? asked : asked.withConversation(conversation));
    }

    void addTo(ServerMetrics metrics) {
        metrics.gauge(
                "lora.grammars",
                "bytes",
                "Grammars of answers in memory",
                () -> decoder.knownGrammars().map(GrammarCache::bytes).orElse(0L));
        metrics.gauge(
                "lora.cached",
                "tokens",
                "Tokens that running generations and kept conversations have room for",
                service::cachedTokens);
        metrics.gauge(
                "lora.prefixes",
                "bytes",
                "Keys and values of the beginnings of prompts in memory",
                service::prefixBytes);
    }

    /** Ends what runs. */
    void cancelAll() {
        service.close(Duration.ZERO);
    }

    @Override
    public void close() {
        cancelAll();
    }
}
