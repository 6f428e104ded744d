package org.lora4j.cli.language;

import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;

/**
 * What the frequencies of the tokens alone can predict, without any model: a token that is learned n times in the training has the
 * probability {@code (n + 1)/(N + V)}, with N tokens of a vocabulary of V (Laplace).
 */
final class TokenFrequencies {
    /** More examples give hardly other frequencies. */
    static final int MOST_EXAMPLES = 20_000;

    private final long[] counts;
    private long all;

    TokenFrequencies(Iterable<TokenExample> train, long vocabulary) {
        counts = new long[Math.toIntExact(vocabulary)];
        for (TokenExample example : train) {
            int[] ids = example.ids();
            boolean[] learned = example.learned();
            for (int k = 1; k < ids.length; k++) {
                if (learned[k]) {
                    counts[ids[k]]++;
                    all++;
                }
            }
        }
    }

    Perplexity perplexity(TokenExample example) {
        int[] ids = example.ids();
        boolean[] learned = example.learned();
        double nats = 0;
        int tokens = 0;
        for (int k = 1; k < ids.length; k++) {
            if (learned[k]) {
                nats -= Math.log((counts[ids[k]] + 1.0) / (all + counts.length));
                tokens++;
            }
        }
        return new Perplexity(nats, tokens, 0);
    }
}
