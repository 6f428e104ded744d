package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.lora4j.LoRAModel;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.GenerationHandle;
import org.lora4j.serve.GenerationRequest;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.ChatTemplate;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.DecoderTokens;
import org.lora4j.text.Tokenizer;
import org.lora4j.text.tools.ForcedCall;

/** A decoder, which generates text. */
final class ServedDecoder extends ServedModel {
    private final DecoderFolder decoder;
    private final DecoderTokens tokens;

    /** How many tokens the model has. */
    private final int vocabulary;

    private final GenerationService service;

    private ServedDecoder(Settings settings, DecoderFolder decoder) throws IOException {
        super(settings, decoder);
        this.decoder = decoder;
        tokens = new DecoderTokens(decoder);
        LoRAModel model = LoRAModel.of(decoder.network());
        vocabulary = Math.toIntExact(model.base().outputSize());
        ServeLimits limits = settings.limits();
        GenerationService.Builder builder = GenerationService.builder(model).allowBase(settings.allowBase());
        AdapterCache cache = cache(model);
        if (cache != null) {
            builder.adapters(cache);
        }
        if (limits.waiting() > 0) {
            builder.maxWaitingTokens(limits.waiting());
        }
        if (limits.running() > 0) {
            builder.maxRunning(limits.running());
        }
        if (limits.cachedTokens() > 0) {
            builder.maxCachedTokens(limits.cachedTokens());
        }
        service = builder.build();
    }

    static ServedModel openDecoder(Settings settings) throws IOException {
        return serve(settings, DecoderFolder.open(settings.model(), settings.storage()), ServedDecoder::new);
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
     * Returns which tokens a text of a JSON Schema may have.
     *
     * @param field what has the schema, for the message
     * @throws ApiException if it has what is not supported
     */
    TokenConstraint constraint(String field, String schema) {
        return constraint(field, () -> decoder.grammars().jsonSchema(schema));
    }

    /**
     * Returns which tokens calls may have.
     *
     * @param field what has the schemas, for the message
     * @throws ApiException if one has what is not supported
     */
    TokenConstraint constraint(String field, ForcedCall calls) {
        return constraint(field, () -> decoder.grammars().constraint(calls, calls::grammar));
    }

    /**
     * Returns which tokens an answer may have whose calls must fit their schemas, if it has any.
     *
     * @param field what has the schemas, for the message
     * @throws ApiException if one has what is not supported, or calls of the model do not begin with a token of their own
     */
    TokenConstraint constraintFrom(String field, ForcedCall calls) {
        String mark = calls.format()
                .firstMark()
                .filter(text -> decoder.vocabulary().token(text).isPresent())
                .orElseThrow(() -> ApiException.unsupported(
                        field,
                        "a tool with strict is not supported where the model chooses, because the calls of this model do not begin"
                                + " with a token of their own: strict must be false or absent, or tool_choice required or the"
                                + " name of a function"));
        return constraint(field, () -> decoder.grammars().begunBy(mark, calls, calls::grammar, vocabulary));
    }

    private static TokenConstraint constraint(String field, Supplier<TokenConstraint> reading) {
        try {
            return reading.get();
        } catch (IllegalArgumentException e) {
            throw ApiException.field(field, field + ": " + e.getMessage());
        }
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
        return limits().newTokens();
    }

    /**
     * Starts a generation.
     *
     * @param consumer is given each token
     */
    GenerationHandle generate(TextRequest request, Deadline deadline, IntConsumer consumer) {
        GenerationRequest asked = GenerationRequest.of(request.adapter(), request.prompt(), request.options())
                .withOptions(deadline.options())
                .withConsumer(consumer);
        String conversation = request.conversation();
        return service.generate(conversation == null ? asked : asked.withConversation(conversation));
    }

    @Override
    Map<String, Endpoint> endpoints() {
        return Map.of(
                "/v1/chat/completions",
                new TextEndpoint(this, new ChatForm(this)),
                "/v1/completions",
                new TextEndpoint(this, new CompletionForm(this)),
                "/v1/responses",
                new ResponseEndpoint(this));
    }

    @Override
    ServingStats stats() {
        return service.stats();
    }

    @Override
    void addTo(ServerMetrics metrics) {
        metrics.gauge(
                "lora.cached",
                "tokens",
                "Tokens that running generations and kept conversations have room for",
                service::cachedTokens);
    }

    @Override
    void cancelAll() {
        service.close(Duration.ZERO);
    }

    @Override
    void closeModel() {
        cancelAll();
    }
}
