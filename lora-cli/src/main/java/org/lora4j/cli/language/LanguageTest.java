package org.lora4j.cli.language;

import java.util.List;
import org.lora4j.text.metrics.Perplexity;

/**
 * How well a language model predicts the tokens that examples learn.
 *
 * @param tokens the number of tokens that were predicted
 * @param loss the mean of −ln p
 * @param perplexity exp(loss)
 */
public record LanguageTest(long tokens, double loss, double perplexity) {
    /** Adds up what was measured of at least one example. */
    static LanguageTest of(List<Perplexity> each) {
        Perplexity all = Perplexity.sum(each);
        return new LanguageTest(all.tokens(), all.nats() / all.tokens(), all.perplexity());
    }
}
