package org.lora4j.cli.language;

import java.util.List;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Model;
import org.lora4j.text.Perplexity;
import org.lora4j.text.TokenExample;

/**
 * How well a language model predicts the tokens that examples learn.
 *
 * @param tokens the number of tokens that were predicted
 * @param loss the mean of −ln p
 * @param perplexity exp(loss)
 */
public record LanguageTest(long tokens, double loss, double perplexity) {
    /**
     * Measures a model.
     *
     * @param model a decoder, or one with an adapter
     * @param examples the examples, at least one
     * @return the measures
     */
    public static LanguageTest of(Model model, List<TokenExample> examples) {
        Generator generator = Generator.of(model);
        double nats = 0;
        long tokens = 0;
        for (TokenExample example : examples) {
            Perplexity one = example.perplexity(generator);
            nats += one.nats();
            tokens += one.tokens();
        }
        Perplexity perplexity = new Perplexity(nats, tokens, 0);
        return new LanguageTest(tokens, nats / tokens, perplexity.perplexity());
    }
}
