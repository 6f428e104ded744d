package org.lora4j.text;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;

/**
 * Makes tokens for a network that gives each text, or each pair of texts, one row. The network can stand on an encoder or on a decoder.
 * Thread-safe.
 */
public final class TextTokens implements AutoCloseable {
    /** Decoders take long texts, which a classifier rarely needs. */
    private static final int MOST_BY_DEFAULT = 512;

    private final Tokenizer tokenizer;

    /** What the files of an encoder say about texts; null for the texts of a decoder as they stand. */
    private final @Nullable EncoderTokens encoder;

    /** What a decoder is asked about a pair; null if it is not asked. */
    private final @Nullable RerankPrompt prompt;

    private TextTokens(Tokenizer tokenizer, @Nullable EncoderTokens encoder, @Nullable RerankPrompt prompt) {
        this.tokenizer = tokenizer;
        this.encoder = encoder;
        this.prompt = prompt;
    }

    /**
     * Returns the tokens of a model for embeddings, or of an encoder with a classifier.
     *
     * @param encoder what its files say; {@link #close} closes it
     * @return the tokens
     */
    public static TextTokens of(EncoderTokens encoder) {
        Objects.requireNonNull(encoder, "encoder must not be null");
        return new TextTokens(encoder.tokenizer(), encoder, null);
    }

    /**
     * Opens the tokens of a decoder with a classifier. Texts are taken as they stand.
     *
     * @param source the files of the model
     * @param config the model
     * @param maxTokens where texts are cut; by default at 512 tokens, or the longest text of the model
     * @return the tokens
     * @throws IOException if the tokenizer cannot be read
     * @throws IllegalArgumentException if the tokenizer is wrong, no token is left beside the special ones, or the model does not take so
     *     long texts
     */
    public static TextTokens ofDecoder(ModelSource source, ModelConfig config, OptionalInt maxTokens)
            throws IOException {
        return new TextTokens(tokenizer(source, config, maxTokens, MOST_BY_DEFAULT), null, null);
    }

    /**
     * Opens the tokens of a decoder that is asked whether a document meets the requirements of a query, in the prompt of
     * Qwen3-Reranker's card (<a href="https://arxiv.org/abs/2506.05176">arXiv:2506.05176</a>).
     *
     * @param source the files of the model
     * @param config the model
     * @param maxTokens where prompts are cut, at the end of the document; by default at 8,192 tokens, or the longest text of the model
     * @return the tokens
     * @throws IOException if the tokenizer cannot be read
     * @throws IllegalArgumentException if the tokenizer is wrong or has no tokens for yes and no, there is no room for the prompt, or the
     *     model does not take so long ones
     */
    public static TextTokens ofReranker(ModelSource source, ModelConfig config, OptionalInt maxTokens)
            throws IOException {
        Tokenizer tokenizer = tokenizer(source, config, maxTokens, RerankPrompt.MOST_TOKENS);
        try {
            return new TextTokens(tokenizer, null, new RerankPrompt(tokenizer));
        } catch (IllegalArgumentException e) {
            tokenizer.close();
            throw e;
        }
    }

    private static Tokenizer tokenizer(ModelSource source, ModelConfig config, OptionalInt maxTokens, int byDefault)
            throws IOException {
        Objects.requireNonNull(source, "source must not be null");
        Objects.requireNonNull(config, "config must not be null");
        Objects.requireNonNull(maxTokens, "maxTokens must not be null");
        if (maxTokens.isPresent()) {
            TextRules.requireWithin(config.maxLength(), maxTokens.getAsInt());
        }
        return Tokenizer.load(source).limited(maxTokens.orElse(Math.min(config.maxLength(), byDefault)));
    }

    /**
     * Returns the tokenizer, which cuts texts.
     *
     * @return the tokenizer, which {@link #close} closes
     */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Returns the tokens of texts.
     *
     * @param texts the texts, at least one
     * @return a sequence for each
     * @throws IllegalArgumentException if there is no text, or one has no tokens
     * @throws NullPointerException if a text is null; the message names it
     * @throws IllegalStateException if this was closed
     */
    public Sequences tokens(List<String> texts) {
        return encoder == null ? tokenizer.sequences(texts) : encoder.tokens(texts);
    }

    /**
     * Returns the tokens of pairs of texts: as {@link EncoderTokens#pairs} makes them, or in the prompt of a reranker.
     *
     * @param pairs a query and a document each, at least one
     * @return a sequence for each pair
     * @throws IllegalArgumentException if there is no pair, one has no tokens, or a query leaves no room for a document in the prompt
     * @throws IllegalStateException if the model is a decoder that is not asked, or this was closed
     */
    public Sequences pairs(List<TextPair> pairs) {
        return encoder == null ? requirePrompt().tokens(pairs) : encoder.pairs(pairs);
    }

    /**
     * Returns the network that answers the prompt of a reranker.
     *
     * @param decoder the model of these tokens
     * @return a network with the output {@code [pairs, 1]}: the logit of yes minus that of no
     * @throws IllegalStateException if these are not the tokens of a reranker
     */
    public Network answer(PretrainedModel decoder) {
        return requirePrompt().answer(Objects.requireNonNull(decoder, "decoder must not be null"));
    }

    private RerankPrompt requirePrompt() {
        if (prompt == null) {
            throw new IllegalStateException(
                    "the tokens must be those of a decoder that answers yes or no, found those of another model; open them"
                            + " with TextTokens.ofReranker");
        }
        return prompt;
    }

    /** Frees the native tokenizer. A second call has no effect. */
    @Override
    public void close() {
        tokenizer.close();
    }
}
