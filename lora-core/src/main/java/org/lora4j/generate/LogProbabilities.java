package org.lora4j.generate;

import java.util.List;
import java.util.Objects;

/**
 * The logarithms of the probabilities that a model gives to the tokens of a text, each after those before it.
 *
 * @param tokens {@code log p} of each token, base e
 */
public record LogProbabilities(List<Double> tokens) {
    /**
     * Copies the list.
     *
     * @param tokens {@code log p} of each token, base e
     */
    public LogProbabilities {
        tokens = List.copyOf(Objects.requireNonNull(tokens, "tokens must not be null"));
    }

    /**
     * Returns the logarithm of the probability of the whole text, to compare texts of the same length.
     *
     * @return {@code Σ log p}
     */
    public double sum() {
        return tokens.stream().mapToDouble(Double::doubleValue).sum();
    }

    /**
     * Returns the perplexity, to compare texts of any length. It depends on the tokenizer.
     *
     * @return {@code exp(−Σ log p/n)}, at least 1
     */
    public double perplexity() {
        return Math.exp(-sum() / tokens.size());
    }
}
