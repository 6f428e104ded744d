package org.lora4j.generate;

import java.util.Arrays;
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
     * Computes the logarithm of the probability of one token.
     *
     * @param logits the scores zⱼ of all tokens of the vocabulary
     * @param id the number of the token
     * @return {@code log p = z − max z − log Σⱼ exp(zⱼ − max z)}, base e
     * @throws IndexOutOfBoundsException if the vocabulary has no such token
     */
    public static double ofToken(double[] logits, int id) {
        Objects.requireNonNull(logits, "logits must not be null");
        Objects.checkIndex(id, logits.length);
        return ofTokens(logits, id)[0];
    }

    /** The same of several tokens. */
    static double[] ofTokens(double[] logits, int... ids) {
        double max = Double.NEGATIVE_INFINITY;
        for (double logit : logits) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp(logit - max);
        }
        double largest = max;
        double logSum = Math.log(sum);
        return Arrays.stream(ids)
                .mapToDouble(id -> logits[id] - largest - logSum)
                .toArray();
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
