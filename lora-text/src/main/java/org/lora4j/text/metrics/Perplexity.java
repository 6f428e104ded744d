package org.lora4j.text.metrics;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/**
 * How well a language model predicts texts: sums of the negative log-likelihood in nats, of tokens and of bytes.
 *
 * <pre>
 * perplexity     exp(Σ nats / tokens)
 * bits per byte  Σ nats / (ln 2 · bytes)
 * </pre>
 *
 * <p>Bits per byte compare models with different tokenizers; perplexities do not.
 *
 * @param nats the sum of −ln p over the tokens
 * @param tokens the number of tokens that were predicted
 * @param bytes the number of bytes of the texts in UTF-8
 */
public record Perplexity(double nats, long tokens, long bytes) {
    /** The sums of no text. */
    public static final Perplexity NONE = new Perplexity(0, 0, 0);

    /**
     * Checks the sums.
     *
     * @param nats the sum of −ln p over the tokens
     * @param tokens the number of tokens
     * @param bytes the number of bytes
     * @throws IllegalArgumentException if a sum is negative or not a number
     */
    public Perplexity {
        if (!(nats >= 0) || tokens < 0 || bytes < 0) {
            throw new IllegalArgumentException(
                    "nats, tokens and bytes must be at least 0, found " + nats + ", " + tokens + " and " + bytes);
        }
    }

    /**
     * Adds a text.
     *
     * @param sum the sum of −ln p over its tokens
     * @param predicted the number of its tokens that were predicted
     * @param text the text that these tokens are
     * @return the sums with it
     * @throws IllegalArgumentException if a sum is negative or not a number
     */
    public Perplexity plus(double sum, long predicted, String text) {
        Objects.requireNonNull(text, "text must not be null");
        return plus(new Perplexity(sum, predicted, text.getBytes(StandardCharsets.UTF_8).length));
    }

    private Perplexity plus(Perplexity other) {
        return new Perplexity(nats + other.nats, tokens + other.tokens, bytes + other.bytes);
    }

    /**
     * Adds up what was measured of several texts.
     *
     * @param each the sums of each
     * @return the sums of all
     */
    public static Perplexity sum(List<Perplexity> each) {
        return each.stream().reduce(NONE, Perplexity::plus);
    }

    /**
     * Returns the perplexity.
     *
     * @return at least 1
     * @throws IllegalStateException if there is no token
     */
    public double perplexity() {
        requireSome("token", tokens);
        return Math.exp(nats / tokens);
    }

    /**
     * Returns the bits per byte.
     *
     * @return at least 0
     * @throws IllegalStateException if there is no byte
     */
    public double bitsPerByte() {
        requireSome("byte", bytes);
        return nats / (Math.log(2) * bytes);
    }

    private static void requireSome(String what, long count) {
        if (count == 0) {
            throw new IllegalStateException("there must be a " + what + " before its mean, found none; call plus");
        }
    }
}
