package org.lora4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

@Tag("numbers")
class GeneratorTest {
    private static final GenerationOptions TEN = GenerationOptions.greedy().withMaxTokens(10);
    private static final int[] PROMPT = {3, 1, 4, 1, 5};

    private final Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 60);
    private final LoRAModel model = LoRAModel.of(network);

    private static LoRAConfig config() {
        return LoRAConfig.builder()
                .rank(2)
                .alpha(8)
                .targetModules("q", "k", "v", "gate")
                .build();
    }

    /** An adapter with random factors, which changes the tokens. */
    static LoRAAdapter adapter(Network network, long seed) {
        LoRAModel other = LoRAModel.of(network);
        AdapterView view = other.add("other", config());
        SplittableRandom random = new SplittableRandom(seed);
        for (Parameter parameter : view.parameters()) {
            parameter
                    .value()
                    .assign(RandomArrays.gaussian(
                            random, 0.7, DataType.DOUBLE, parameter.value().shape()));
        }
        return view.adapter();
    }

    /** What a model generates without a cache. */
    static List<Integer> withoutCache(Model model, int[] prompt, int count) {
        int[] ids = prompt;
        List<Integer> tokens = new ArrayList<>();
        while (tokens.size() < count) {
            INDArray logits = model.predict(Sequences.of(ids));
            int id = logits.getRow(ids.length - 1).argMax().getInt(0);
            tokens.add(id);
            ids = Arrays.copyOf(ids, ids.length + 1);
            ids[ids.length - 1] = id;
        }
        return tokens;
    }

    private static int[] with(int[] prompt, List<Integer> tokens, int... more) {
        int[] all = Arrays.copyOf(prompt, prompt.length + tokens.size() + more.length);
        for (int i = 0; i < tokens.size(); i++) {
            all[prompt.length + i] = tokens.get(i);
        }
        System.arraycopy(more, 0, all, prompt.length + tokens.size(), more.length);
        return all;
    }

    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    void generatesAsWithoutACache(Decoders.Family family) {
        for (int seed = 0; seed < 5; seed++) {
            Network decoder = Decoders.of(family, seed, DataType.DOUBLE, 60);
            assertThat(Generator.of(decoder).generate(PROMPT, TEN).newTokens())
                    .isEqualTo(withoutCache(decoder, PROMPT, 10));
        }
    }

    @Test
    void eachTurnComputesOnlyTheNewTokens() {
        model.add("a", adapter(network, 1));
        AdapterView view = model.using("a");
        Generator generator = Generator.of(view);
        Generation first = generator.generate(PROMPT, TEN);
        assertThat(first.reusedTokens()).isZero();
        int[] second = with(PROMPT, first.newTokens(), 7, 8, 9);
        Generation next = generator.generate(second, TEN);
        // The last token was chosen, but nothing was computed from it.
        assertThat(next.reusedTokens()).isEqualTo(PROMPT.length + 9);
        assertThat(next.newTokens()).isEqualTo(withoutCache(view, second, 10));
        int[] changed = second.clone();
        changed[7] = (changed[7] + 1) % Decoders.VOCABULARY;
        Generation other = generator.generate(changed, TEN);
        assertThat(other.reusedTokens()).isEqualTo(7);
        assertThat(other.newTokens()).isEqualTo(withoutCache(view, changed, 10));
        Generation again = generator.generate(changed, TEN);
        assertThat(again.reusedTokens()).isEqualTo(changed.length - 1);
        assertThat(again.newTokens()).isEqualTo(other.newTokens());
        generator.forget();
        assertThat(generator.cacheBytes()).isZero();
        assertThat(generator.generate(changed, TEN).reusedTokens()).isZero();
    }

    /** The reused keys and values give the same logits. */
    @Test
    void aReusedPromptGivesTheSameLogits() {
        model.add("a", adapter(network, 1));
        AdapterView view = model.using("a");
        Decoder decoder = Decoder.of(view);
        DecoderPass pass = new DecoderPass(decoder.ofLastTokens());
        CachedSequence text = new CachedSequence(decoder, view.effectiveLayers(), 60);
        text.start(text.layers(), PROMPT, 0);
        pass.compute(List.of(text), (row, logits) -> {});
        for (int more : List.of(1, 3, 20)) {
            int[] ids = new int[PROMPT.length + more];
            Arrays.setAll(ids, i -> i < PROMPT.length ? PROMPT[i] : (i + more) % Decoders.VOCABULARY);
            assertThat(text.start(text.layers(), ids, ids.length - 1)).isEqualTo(PROMPT.length);
            INDArray all = view.predict(Sequences.of(ids));
            pass.compute(
                    List.of(text),
                    (row, logits) -> assertThat(logits)
                            .containsExactly(all.getRow(ids.length - 1).dup().toDoubleVector(), within(1e-10)));
        }
    }

    private void assertComputesAnew(Generator generator, Model view) {
        Generation generation = generator.generate(PROMPT, TEN);
        assertThat(generation.reusedTokens()).isZero();
        assertThat(generation.newTokens()).isEqualTo(withoutCache(view, PROMPT, 10));
        assertThat(generator.generate(PROMPT, TEN).reusedTokens()).isEqualTo(PROMPT.length - 1);
    }

    @Test
    void usesNothingOfAReplacedAdapter() {
        model.add("a", adapter(network, 1));
        AdapterView view = model.using("a");
        Generator generator = Generator.of(view);
        assertComputesAnew(generator, view);
        model.replace("a", adapter(network, 2));
        assertComputesAnew(generator, view);
    }

    @Test
    void usesNothingOfADeletedAdapter() {
        model.add("a", adapter(network, 1));
        AdapterView view = model.using("a");
        Generator generator = Generator.of(view);
        assertComputesAnew(generator, view);
        model.delete("a");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(PROMPT, TEN))
                .withMessageContaining("'a'");
        model.add("a", adapter(network, 2));
        assertComputesAnew(generator, view);
    }

    @Test
    void usesNothingOfOtherActiveAdapters() {
        model.add("a", adapter(network, 1));
        model.add("b", adapter(network, 2));
        Generator generator = Generator.of(model);
        assertComputesAnew(generator, model.using("a"));
        model.activate("b");
        assertComputesAnew(generator, model.using("b"));
        try (LoRAModel.Scope scope = model.disable()) {
            assertThat(scope).isNotNull();
            assertComputesAnew(generator, model.base());
        }
        assertComputesAnew(generator, model.using("b"));
    }

    private void train(AdapterView view) {
        Trainer.builder(view)
                .updater(new Adam(0.05))
                .loss(Loss.nextToken())
                .maxIterations(3)
                .build()
                .fit(List.of(new Batch(
                        Sequences.of(new int[] {1, 2, 3, 4, 5, 6}),
                        Nd4j.createFromArray(new int[][] {{1, 2, 3, 4, 5, 6}}))));
    }

    @Test
    void usesNothingOfBeforeATraining() {
        AdapterView view = model.add("a", config());
        Generator generator = Generator.of(view);
        assertComputesAnew(generator, view);
        train(view);
        assertComputesAnew(generator, view);
    }

    @Test
    void usesNothingOfBeforeAnAdapterWasUnfrozen() {
        model.add("a", adapter(network, 1));
        AdapterView view = model.using("a");
        Generator generator = Generator.of(view);
        assertComputesAnew(generator, view);
        model.setTrainable("a");
        assertComputesAnew(generator, view);
        model.setTrainable();
        assertThat(generator.generate(PROMPT, TEN).newTokens()).isEqualTo(withoutCache(view, PROMPT, 10));
    }

    @Test
    void findsWritesToTrainableArrays() {
        AdapterView view = model.add("a", config());
        Generator generator = Generator.of(view);
        assertComputesAnew(generator, view);
        view.parameters().forEach(parameter -> parameter.value().addi(0.3));
        assertComputesAnew(generator, view);
    }

    @Test
    void aTrainingBetweenTwoTokensMakesTheTextBeComputedAnew() {
        AdapterView view = model.add("a", config());
        List<Integer> tokens = new ArrayList<>();
        Generator generator = Generator.of(view);
        Generation generation = generator.generate(PROMPT, TEN, id -> {
            tokens.add(id);
            if (tokens.size() == 4) {
                train(view);
            }
            return true;
        });
        assertThat(generation.newTokens()).isEqualTo(tokens);
        int[] start = with(PROMPT, tokens.subList(0, 4));
        assertThat(tokens.subList(4, 10)).isEqualTo(withoutCache(view, start, 6));
    }

    @Test
    void aGenerationUsesTheAdapterOfItsStartToItsEnd() {
        model.add("a", adapter(network, 1));
        AdapterView view = model.using("a");
        List<Integer> expected = withoutCache(view, PROMPT, 10);
        Generator generator = Generator.of(view);
        Generation generation = generator.generate(PROMPT, TEN, id -> {
            if (model.names().contains("a")) {
                model.delete("a");
            }
            return true;
        });
        assertThat(generation.newTokens()).isEqualTo(expected);
    }

    @Test
    void stopsWhereItIsTold() {
        Generator generator = Generator.of(network);
        List<Integer> all = generator.generate(PROMPT, TEN).newTokens();
        int stop = all.get(5);
        Generation stopped = generator.generate(PROMPT, TEN.withStopIds(stop));
        assertThat(stopped.newTokens()).isEqualTo(all.subList(0, all.indexOf(stop) + 1));
        assertThat(stopped.finish()).isEqualTo(Finish.STOP);
        assertThat(generator.generate(PROMPT, TEN.withStopWhen(tokens -> tokens.size() == 3)))
                .isEqualTo(new Generation(all.subList(0, 3), Finish.STOP, 5, 4));
        List<Integer> seen = new ArrayList<>();
        assertThat(generator.generate(PROMPT, TEN, id -> {
                    seen.add(id);
                    return seen.size() < 4;
                }))
                .isEqualTo(new Generation(all.subList(0, 4), Finish.CANCELLED, 5, 4));
        assertThat(seen).isEqualTo(all.subList(0, 4));
        assertThatIllegalStateException()
                .isThrownBy(() -> generator.generate(PROMPT, TEN, id -> {
                    throw new IllegalStateException("mine");
                }))
                .withMessage("mine");
        assertThat(generator.generate(PROMPT, TEN).newTokens()).isEqualTo(all);
    }

    @Test
    void theSameSeedDrawsTheSameTokens() {
        GenerationOptions options =
                GenerationOptions.sampling(5).withTemperature(1.5).withMaxTokens(30);
        List<Integer> first = Generator.of(network).generate(PROMPT, options).newTokens();
        assertThat(Generator.of(network).generate(PROMPT, options).newTokens()).isEqualTo(first);
        assertThat(Generator.of(network)
                        .generate(
                                PROMPT,
                                GenerationOptions.sampling(6)
                                        .withTemperature(1.5)
                                        .withMaxTokens(30))
                        .newTokens())
                .isNotEqualTo(first);
    }

    @Test
    void generatesUpToTheLastPosition() {
        Generation generation = Generator.of(network).generate(PROMPT, GenerationOptions.greedy());
        assertThat(generation.newTokens()).hasSize(56).isEqualTo(withoutCache(network, PROMPT, 56));
        assertThat(generation.finish()).isEqualTo(Finish.LENGTH);
        assertThat(Generator.of(network)
                        .generate(new int[60], TEN.withMaxTokens(1))
                        .newTokens())
                .hasSize(1);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Generator.of(network).generate(PROMPT, TEN.withMaxTokens(57)))
                .withMessage(
                        "generation: the prompt and the new tokens but the last must fit in the 60 positions of the"
                                + " model, found 5 and 57 tokens; ask for at most 56 or shorten the prompt");
    }

    @Test
    void keepsToTheLimitOfTheCache() {
        Generator generator = Generator.of(network, 14 * Generator.of(network).cacheBytesPerToken() + 1);
        long perToken = generator.cacheBytesPerToken();
        assertThat(generator.generate(PROMPT, TEN).newTokens()).hasSize(10);
        assertThat(generator.cacheBytes()).isEqualTo(14 * perToken);
        assertThat(generator.generate(PROMPT, GenerationOptions.greedy()).newTokens())
                .hasSize(10);
        assertThatIllegalStateException()
                .isThrownBy(() -> generator.generate(PROMPT, TEN.withMaxTokens(11)))
                .withMessage("generation: the keys and values of 15 tokens take " + 15 * perToken
                        + " bytes, and must fit in the " + 14 * perToken
                        + " bytes that are left of the limit; use a higher limit, fewer tokens or fewer generations at a"
                        + " time");
        assertThat(generator.generate(PROMPT, TEN).reusedTokens()).isEqualTo(4);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Generator.of(network, -1))
                .withMessage("generation: the limit of the cache must not be negative, found -1");
    }

    @Test
    void refusesWrongTokens() {
        Generator generator = Generator.of(network);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(new int[0], TEN))
                .withMessage(
                        "generation: the prompt must have at least one token, found none; begin with the token that"
                                + " begins a text");
        for (int wrong : List.of(-1, 19)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> generator.generate(new int[] {1, wrong}, TEN))
                    .withMessage("generation: each token of the prompt must be from 0 to 18, found " + wrong
                            + " at 1; use the tokenizer of this model");
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(new int[61], TEN))
                .withMessage("generation: the prompt must have at most the 60 tokens that the model has positions for,"
                        + " found 61; shorten it");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.generate(PROMPT, TEN.withStopIds(19)))
                .withMessage(
                        "generation: each stop id must be a token below the vocabulary of 19, found 19; use the ids of"
                                + " this model");
        assertThat(generator.cacheBytes()).isZero();
    }

    @Test
    void refusesLogitsThatAreNotFinite() {
        Network broken = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 60);
        Generator generator = Generator.of(broken);
        assertThat(generator.generate(PROMPT, TEN).newTokens()).hasSize(10);
        broken.linears().get(3).weight().muli(Double.NaN);
        broken.linears().get(3).weight().putScalar(0, Double.NaN);
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> generator.generate(PROMPT, TEN))
                .withMessageStartingWith(
                        "generation: the logits of the new token 0 must be finite, found NaN for id 0");
    }

    private static Linear linear(String path) {
        return new Linear(path, Nd4j.ones(DataType.DOUBLE, 4, 4), null);
    }

    @Test
    void refusesModelsThatAreNoDecoders() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Generator.of(Network.builder(4).linear("a", 4).build(1)))
                .withMessage(
                        "generation: the model must be a decoder that predicts the next token, such as causal() of a"
                                + " PretrainedModel, found a network that takes rows of features");
        Embedding word = new Embedding("word", Nd4j.ones(DataType.DOUBLE, 6, 4), Embedding.NO_PADDING);
        SelfAttention attention = SelfAttention.builder("layer.0.self", 2, 2, 2)
                .inputs(linear("q"), linear("k"), linear("v"))
                .output(linear("o"))
                .build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Generator.of(new Network(
                        List.of(new TokenEmbeddings("embeddings", word, 9), attention, Linear.tiedTo("head", word)))))
                .withMessageEndingWith("found an encoder with SelfAttention at layer.0.self");
        Network headless =
                new Network(network.layers().subList(0, network.layers().size() - 1));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BatchGenerator.of(headless))
                .withMessageEndingWith("found one that ends with last and 8 outputs for a vocabulary of 19");
    }

    @Test
    void scoresTexts() {
        model.add("a", adapter(network, 1));
        AdapterView view = model.using("a");
        Generator generator = Generator.of(view);
        for (int prompt : List.of(1, 5, 9)) {
            for (int length : List.of(1, 4, 50)) {
                SplittableRandom random = new SplittableRandom(length);
                int[] ids = random.ints(prompt + length, 0, Decoders.VOCABULARY).toArray();
                LogProbabilities scored =
                        generator.score(Arrays.copyOf(ids, prompt), Arrays.copyOfRange(ids, prompt, ids.length));
                INDArray logits = view.predict(Sequences.of(ids));
                double sum = 0;
                for (int i = 0; i < length; i++) {
                    double[] row = logits.getRow(prompt - 1 + i).dup().toDoubleVector();
                    double all = Arrays.stream(row).map(Math::exp).sum();
                    double expected = row[ids[prompt + i]] - Math.log(all);
                    assertThat(scored.tokens().get(i)).isCloseTo(expected, within(1e-9));
                    sum += expected;
                }
                assertThat(scored.tokens()).hasSize(length);
                assertThat(scored.sum()).isCloseTo(sum, within(1e-8));
                assertThat(scored.perplexity()).isCloseTo(Math.exp(-sum / length), within(1e-6));
            }
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.score(PROMPT, new int[0]))
                .withMessageContaining("the completion must have at least one token, found none");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> generator.score(new int[30], new int[32]))
                .withMessageContaining("must have at most the 60 tokens that the model has positions for, found 61");
    }

    @Test
    void scoresLongTextsInParts() {
        Network longer = Decoders.of(Decoders.Family.GPT2, 2, DataType.DOUBLE, 300);
        int[] ids = new SplittableRandom(1).ints(300, 0, Decoders.VOCABULARY).toArray();
        LogProbabilities whole = Generator.of(longer).score(Arrays.copyOf(ids, 1), Arrays.copyOfRange(ids, 1, 300));
        LogProbabilities end = Generator.of(longer).score(Arrays.copyOf(ids, 200), Arrays.copyOfRange(ids, 200, 300));
        for (int i = 0; i < 100; i++) {
            assertThat(end.tokens().get(i)).isCloseTo(whole.tokens().get(199 + i), within(1e-9));
        }
    }
}
