package org.lora4j.text;

import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;

/**
 * A reranker as it is: what gives a pair of texts, a query and a document, one score. It is an encoder with a classifier of one
 * output, such as BGE's, or a decoder that answers yes or no in the prompt of Qwen3-Reranker's card. Larger scores are better, and
 * {@code 1/(1 + exp(−score))} is between 0 and 1; for a decoder it is the probability of yes against no.
 */
public final class PairScorer {
    private final TextModel model;

    /** What a decoder is asked; null for an encoder. */
    private final @Nullable RerankPrompt prompt;

    private PairScorer(TextModel model, @Nullable RerankPrompt prompt) {
        this.model = model;
        this.prompt = prompt;
    }

    /**
     * Returns what scores pairs with a model.
     *
     * @param model an encoder, which cuts pairs as it was opened to do, the longer text first; or a decoder
     * @param maxTokens where the prompt of a decoder is cut, at the end of the document; by default at 8,192 tokens, or the longest
     *     text of the model. Of no effect on an encoder
     * @return the scorer, which uses the model
     * @throws IllegalArgumentException if a decoder has no tokens for yes and no, or no room for its prompt
     */
    public static PairScorer of(TextModel model, OptionalInt maxTokens) {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(maxTokens, "maxTokens must not be null");
        return new PairScorer(model, model instanceof DecoderFolder decoder ? prompt(decoder, maxTokens) : null);
    }

    /**
     * Returns the network, which adapters can be made for.
     *
     * @return a network with the output {@code [pairs, 1]}, or with as many outputs as the classifier of an encoder has
     * @throws IllegalArgumentException if an encoder has no classifier
     */
    public Network network() {
        PretrainedModel pretrained = model.model();
        if (prompt != null) {
            return prompt.answer(pretrained);
        }
        if (!pretrained.hasClassifier()) {
            throw new IllegalArgumentException(
                    "the model must have a classifier for scores, found none; if the adapters"
                            + " bring one, give the builder a model with a new one, such as"
                            + " LoRAModel.of(encoder.model().meanClassifier(1, 0))");
        }
        return pretrained.classifier();
    }

    /**
     * Returns the tokens of pairs.
     *
     * @param pairs queries and documents, at least one
     * @return a sequence for each pair
     * @throws IllegalArgumentException if there are none, a pair has no tokens, or a query leaves no room for a document in the prompt
     *     of a decoder
     */
    public Sequences pairs(List<TextPair> pairs) {
        return prompt == null ? ((EncoderFolder) model).pairs(pairs) : prompt.tokens(pairs);
    }

    private static RerankPrompt prompt(DecoderFolder decoder, OptionalInt maxTokens) {
        int most = Math.min(decoder.maxLength(), maxTokens.orElse(RerankPrompt.MOST_TOKENS));
        return new RerankPrompt(decoder.tokenizer().withMaxTokens(most));
    }
}
