package org.lora4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.LoRAModel;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.generate.LogProbabilities.OfToken.Token;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;

@Tag("numbers")
class TokenLogProbabilitiesTest {
    private static final int[] PROMPT = {3, 1, 4, 1, 5};

    private final Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 60);

    /** Computes what a generation must have from the logits of a whole pass over its text. */
    private static void assertAreThoseOfAWholePass(Model model, int[] prompt, Generation found, int top) {
        int[] text = Arrays.copyOf(prompt, prompt.length + found.newTokens().size());
        for (int i = 0; i < found.newTokens().size(); i++) {
            text[prompt.length + i] = found.newTokens().get(i);
        }
        double[][] logits = model.predict(Sequences.of(text)).toDoubleMatrix();
        assertThat(found.logProbabilities()).hasSameSizeAs(found.newTokens());
        for (int i = 0; i < found.newTokens().size(); i++) {
            double[] row = logits[prompt.length + i - 1];
            double sum = Arrays.stream(row).map(Math::exp).sum();
            LogProbabilities.OfToken step = found.logProbabilities().get(i);
            assertThat(step.chosen().id()).isEqualTo(found.newTokens().get(i));
            assertThat(step.chosen().logProbability())
                    .isCloseTo(Math.log(Math.exp(row[step.chosen().id()]) / sum), within(1e-9));
            int[] order = IntStream.range(0, row.length)
                    .boxed()
                    .sorted(Comparator.comparing(id -> -row[id]))
                    .limit(top)
                    .mapToInt(Integer::intValue)
                    .toArray();
            assertThat(step.top().stream().mapToInt(Token::id))
                    .containsExactly(Arrays.stream(order).boxed().toArray(Integer[]::new));
            for (Token token : step.top()) {
                assertThat(token.logProbability()).isCloseTo(Math.log(Math.exp(row[token.id()]) / sum), within(1e-9));
            }
        }
    }

    /** Whatever changes the choice does not change them. */
    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    @Tag("slow")
    void areThoseOfTheLogitsOfTheModel(Decoders.Family family) {
        Network decoder = Decoders.of(family, 3, DataType.DOUBLE, 60);
        List<GenerationOptions> all = List.of(
                GenerationOptions.greedy(),
                GenerationOptions.sampling(5).withTemperature(1.7),
                GenerationOptions.sampling(6).withTopK(2).withTopP(0.8).withMinP(0.1),
                GenerationOptions.sampling(7)
                        .withRepetitionPenalty(1.8)
                        .withFrequencyPenalty(0.7)
                        .withPresencePenalty(0.4)
                        .withLogitBias(Map.of(2, 3.0, 4, -100.0)),
                GenerationOptions.sampling(8).withConstraint(only(2, 3, 5)));
        for (GenerationOptions options : all) {
            for (int top : new int[] {0, 1, 4, Decoders.VOCABULARY}) {
                GenerationOptions asked = options.withMaxTokens(12).withLogProbabilities(top);
                Generation found = Generator.of(decoder).generate(PROMPT, asked);
                assertAreThoseOfAWholePass(decoder, PROMPT, found, top);
                // To ask for them changes no token.
                Generation without = Generator.of(decoder).generate(PROMPT, options.withMaxTokens(12));
                assertThat(found.newTokens()).isEqualTo(without.newTokens());
                assertThat(without.logProbabilities()).isEmpty();
            }
        }
    }

    /** Lets these tokens come, in any order. */
    private static TokenConstraint only(int... ids) {
        return maxTokens -> new TokenConstraint.State() {
            private int count;

            @Override
            public void allowed(BitSet tokens) {
                tokens.clear();
                Arrays.stream(ids).forEach(tokens::set);
            }

            @Override
            public void accept(int id) {
                count++;
            }

            @Override
            public boolean isComplete() {
                return count == maxTokens;
            }

            @Override
            public boolean canContinue() {
                return count < maxTokens;
            }
        };
    }

    /** Such a token is not even sampled. */
    @Test
    void aTokenThatMustComeHasTheProbabilityOfTheModel() {
        GenerationOptions forced = GenerationOptions.greedy()
                .withConstraint(only(2))
                .withMaxTokens(4)
                .withLogProbabilities(3);
        Generation found = Generator.of(network).generate(PROMPT, forced);
        assertThat(found.newTokens()).containsExactly(2, 2, 2, 2);
        assertAreThoseOfAWholePass(network, PROMPT, found, 3);
        assertThat(found.logProbabilities()).allMatch(step -> step.chosen().logProbability() < -0.1);
        network.parameters().forEach(parameter -> parameter.value().putScalar(0, Double.NaN));
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> Generator.of(network).generate(PROMPT, forced));
    }

    /** Texts of random options join and leave a batch at random. */
    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    void areThoseOfAloneInAMixedBatch(Decoders.Family family) {
        Network decoder = Decoders.of(family, 4, DataType.DOUBLE, 60);
        LoRAModel adapted = LoRAModel.of(decoder);
        List<Model> views = new ArrayList<>(List.of(adapted.base()));
        if (!family.isFused()) {
            adapted.add("a", GeneratorTest.adapter(decoder, 1));
            adapted.add("b", GeneratorTest.adapter(decoder, 2));
            views.addAll(List.of(adapted.using("a"), adapted.using("b")));
        }
        SplittableRandom random = new SplittableRandom(11);
        BatchGenerator batch = BatchGenerator.of(decoder);
        List<RunningGeneration> all = new ArrayList<>();
        List<Generation> expected = new ArrayList<>();
        List<List<LogProbabilities.OfToken>> streamed = new ArrayList<>();
        while (all.size() < 30 || batch.step() > 0) {
            if (all.size() == 30 || random.nextInt(3) == 0) {
                batch.step();
                continue;
            }
            Model view = views.get(random.nextInt(views.size()));
            int[] prompt =
                    random.ints(1 + random.nextInt(12), 0, Decoders.VOCABULARY).toArray();
            GenerationOptions options = GenerationOptions.sampling(random.nextLong())
                    .withTemperature(random.nextInt(3))
                    .withMaxTokens(1 + random.nextInt(12));
            int top = random.nextInt(-1, 8);
            GenerationOptions asked = top < 0 ? options : options.withLogProbabilities(top);
            List<LogProbabilities.OfToken> steps = new ArrayList<>();
            int index = all.size();
            all.add(batch.add(view, prompt, asked, id -> {
                if (top >= 0) {
                    steps.add(all.get(index).logProbabilities(steps.size()));
                }
                return true;
            }));
            streamed.add(steps);
            expected.add(Generator.of(view).generate(prompt, asked));
        }
        for (int i = 0; i < all.size(); i++) {
            Generation found = all.get(i).result();
            assertThat(found.newTokens()).isEqualTo(expected.get(i).newTokens());
            assertThat(found.logProbabilities())
                    .usingRecursiveComparison()
                    .withComparatorForType((a, b) -> Math.abs(a - b) < 1e-9 ? 0 : Double.compare(a, b), Double.class)
                    .isEqualTo(expected.get(i).logProbabilities());
            assertThat(streamed.get(i)).isEqualTo(found.logProbabilities());
        }
        assertThat(expected).anyMatch(one -> one.logProbabilities().isEmpty());
    }

    @Test
    void manyEqualOrLargeLogits() {
        double[] logits = {1e4, 5, 1e4, -1e300, 1e4};
        LogProbabilities.OfToken found = LogProbabilities.OfToken.of(logits, 3, 2);
        assertThat(found.top()).extracting(Token::id).containsExactly(0, 2);
        assertThat(found.top().get(0).logProbability()).isCloseTo(-Math.log(3), within(1e-12));
        assertThat(found.chosen().logProbability()).isEqualTo(-1e300);
        assertThat(found.rank()).isEqualTo(5);
        assertThat(LogProbabilities.OfToken.of(logits, 2, 0).rank()).isEqualTo(2);
        LogProbabilities.OfToken all = LogProbabilities.OfToken.of(logits, 1, Integer.MAX_VALUE);
        assertThat(all.top()).extracting(Token::id).containsExactly(0, 2, 4, 1, 3);
        assertThat(all.top().stream()
                        .mapToDouble(token -> Math.exp(token.logProbability()))
                        .sum())
                .isCloseTo(1, within(1e-12));
    }

    @Test
    void whatIsNotThereIsRefused() {
        BatchGenerator batch = BatchGenerator.of(network);
        GenerationOptions three = GenerationOptions.greedy().withMaxTokens(3);
        RunningGeneration without = batch.add(network, PROMPT, three);
        RunningGeneration with = batch.add(network, PROMPT, three.withLogProbabilities(1));
        batch.step();
        assertThat(with.logProbabilities(0).top()).hasSize(1);
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> with.logProbabilities(1));
        assertThatIllegalStateException()
                .isThrownBy(() -> without.logProbabilities(0))
                .withMessage("generation: the options must ask for log probabilities, found some that do not; use"
                        + " withLogProbabilities");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> three.withLogProbabilities(-1))
                .withMessage("generation: logProbabilities must be at least 0, found -1");
        LogProbabilities.OfToken one = with.logProbabilities(0);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Generation(List.of(1, 2), Finish.STOP, 1, 0, List.of(one), List.of()))
                .withMessage("generation: logProbabilities must be empty or one for each of the 2 new tokens, found 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Generation(List.of(1, 2), Finish.STOP, 3, 0, List.of(), List.of(one)))
                .withMessage(
                        "generation: promptLogProbabilities must be empty or one for each of the 3 tokens of the prompt"
                                + " but the first, found 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> three.withPromptLogProbabilities(-1))
                .withMessage("generation: promptLogProbabilities must be at least 0, found -1");
    }
}
