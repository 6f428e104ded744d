package org.lora4j.text.train;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import org.lora4j.generate.Generator;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.text.chat.DecoderTokens;
import org.lora4j.text.chat.LearnedText;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.text.task.Generate;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;

/**
 * Learns to predict the next token, of answers or of plain text. The measure is the loss of each example: the sum of −ln p over the
 * tokens that it learns, and their number.
 *
 * @param <E> an example
 */
public final class TrainableGenerate<E> implements TrainableTask<E, List<Perplexity>> {
    private final Network network;
    private final Function<E, TokenExample> tokens;

    private TrainableGenerate(Network network, Function<E, TokenExample> tokens) {
        this.network = Objects.requireNonNull(network, "network must not be null");
        this.tokens = tokens;
    }

    /**
     * Learns examples that are tokens already, such as blocks of plain text.
     *
     * @param network the language model
     * @return the task on it
     */
    public static TrainableGenerate<TokenExample> ofTokens(Network network) {
        return new TrainableGenerate<>(network, Function.identity());
    }

    /**
     * Learns the answers in texts, which are cut.
     *
     * @param network the language model
     * @param tokens its tokens
     * @param maxTokens the most tokens of a text; something to learn must be left of each, see {@link LearnedText#isLearnable}
     * @return the task on it
     */
    public static TrainableGenerate<LearnedText> ofTexts(Network network, DecoderTokens tokens, int maxTokens) {
        Objects.requireNonNull(tokens, "tokens must not be null");
        return new TrainableGenerate<>(network, text -> text.tokens(tokens, maxTokens));
    }

    @Override
    public Generate task() {
        return new Generate();
    }

    @Override
    public Network network() {
        return network;
    }

    @Override
    public Loss loss() {
        return Loss.nextToken();
    }

    /**
     * Returns the tokens of an example.
     *
     * @param example the example
     * @return its tokens, and which of them are learned
     */
    public TokenExample tokens(E example) {
        return tokens.apply(example);
    }

    @Override
    public Batch batch(List<E> examples) {
        return TokenExample.batch(examples.stream().map(tokens).toList());
    }

    @Override
    public List<Perplexity> measure(Model model, Iterable<E> held) {
        Generator generator = Generator.of(model);
        return StreamSupport.stream(held.spliterator(), false)
                .map(example -> tokens(example).perplexity(generator))
                .toList();
    }
}
