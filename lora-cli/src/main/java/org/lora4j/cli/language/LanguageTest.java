package org.lora4j.cli.language;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Model;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;

/**
 * How well a language model predicts the tokens that examples learn.
 *
 * @param tokens the number of tokens that were predicted
 * @param loss the mean of −ln p
 * @param perplexity exp(loss)
 */
public record LanguageTest(long tokens, double loss, double perplexity) {
    /**
     * The measures, and the loss of each example.
     *
     * @param test the measures of all
     * @param nats the sum of −ln p over the tokens of each example
     * @param tokens the number of these tokens
     */
    record Examples(LanguageTest test, List<Double> nats, List<Double> tokens) {}

    /**
     * Measures a model.
     *
     * @param model a decoder, or one with an adapter
     * @param examples the examples, at least one
     * @return the measures
     */
    public static LanguageTest of(Model model, List<TokenExample> examples) {
        return each(model, examples).test();
    }

    /** Measures a model, and keeps what it reaches on each example. */
    static Examples each(Model model, List<TokenExample> examples) {
        Generator generator = Generator.of(model);
        return each(examples, example -> example.perplexity(generator));
    }

    /** Measures whatever predicts tokens. */
    static Examples each(List<TokenExample> examples, Function<TokenExample, Perplexity> measure) {
        List<Double> nats = new ArrayList<>();
        List<Double> tokens = new ArrayList<>();
        Perplexity all = Perplexity.NONE;
        for (TokenExample example : examples) {
            Perplexity one = measure.apply(example);
            nats.add(one.nats());
            tokens.add((double) one.tokens());
            all = new Perplexity(all.nats() + one.nats(), all.tokens() + one.tokens(), 0);
        }
        return new Examples(new LanguageTest(all.tokens(), all.nats() / all.tokens(), all.perplexity()), nats, tokens);
    }
}
