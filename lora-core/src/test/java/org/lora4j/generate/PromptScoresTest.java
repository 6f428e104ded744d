package org.lora4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.LoRAModel;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.generate.LogProbabilities.OfToken;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Decoders;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;

/** The log probabilities of the tokens of a prompt, beside those of a whole pass over it. */
@Tag("numbers")
class PromptScoresTest {
    private static final GenerationOptions THREE = GenerationOptions.greedy().withMaxTokens(3);

    private final Network network = Decoders.of(Decoders.Family.LLAMA, 2, DataType.DOUBLE, 400);

    private static int[] prompt(int tokens, long seed) {
        return new SplittableRandom(seed).ints(tokens, 0, Decoders.VOCABULARY).toArray();
    }

    private static void assertAreThoseOfAWholePass(Model model, int[] prompt, List<OfToken> found, int top) {
        double[][] logits = model.predict(Sequences.of(prompt)).toDoubleMatrix();
        assertThat(found).hasSize(prompt.length - 1);
        for (int i = 0; i < found.size(); i++) {
            double[] row = logits[i];
            double sum = Arrays.stream(row).map(Math::exp).sum();
            List<Integer> order = IntStream.range(0, row.length)
                    .boxed()
                    .sorted(Comparator.comparing(id -> -row[id]))
                    .toList();
            OfToken step = found.get(i);
            assertThat(step.chosen().id()).isEqualTo(prompt[i + 1]);
            assertThat(step.chosen().logProbability())
                    .isCloseTo(Math.log(Math.exp(row[prompt[i + 1]]) / sum), within(1e-9));
            assertThat(step.rank()).isEqualTo(1 + order.indexOf(prompt[i + 1]));
            assertThat(step.top().stream().map(OfToken.Token::id).toList()).isEqualTo(order.subList(0, top));
        }
    }

    @ParameterizedTest
    @EnumSource(Decoders.Family.class)
    void areThoseOfAWholePass(Decoders.Family family) {
        Network decoder = Decoders.of(family, 3, DataType.DOUBLE, 60);
        int[] prompt = prompt(20, 1);
        Generator generator = Generator.of(decoder);
        Generation without = generator.generate(prompt, THREE);
        assertThat(without.promptLogProbabilities()).isEmpty();
        // The generator knows the prompt now, but needs the logits of each token.
        Generation found = generator.generate(prompt, THREE.withPromptLogProbabilities(2));
        assertThat(found.reusedTokens()).isZero();
        assertThat(found.newTokens()).isEqualTo(without.newTokens());
        assertThat(found.logProbabilities()).isEmpty();
        assertAreThoseOfAWholePass(decoder, prompt, found.promptLogProbabilities(), 2);
        List<Double> scored = Generator.of(decoder)
                .score(Arrays.copyOf(prompt, 1), Arrays.copyOfRange(prompt, 1, prompt.length))
                .tokens();
        for (int i = 0; i < scored.size(); i++) {
            assertThat(found.promptLogProbabilities().get(i).chosen().logProbability())
                    .isCloseTo(scored.get(i), within(1e-9));
        }
    }

    /** Long prompts, which are computed in several steps, beside texts that are not scored. */
    @Test
    void areThoseOfAWholePassInABatch() {
        LoRAModel adapted = LoRAModel.of(network);
        adapted.add("a", GeneratorTest.adapter(network, 1));
        List<Model> views = List.of(adapted.base(), adapted.using("a"));
        BatchGenerator batch = BatchGenerator.of(network);
        List<RunningGeneration> all = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            GenerationOptions options = i % 4 < 2 ? THREE.withPromptLogProbabilities(i % 3) : THREE;
            all.add(batch.add(views.get(i % 2), prompt(30 + 40 * i, i), options));
            batch.step();
        }
        while (batch.step() > 0) {
            // Until all have ended.
        }
        for (int i = 0; i < 8; i++) {
            Generation found = all.get(i).result();
            int[] prompt = prompt(30 + 40 * i, i);
            assertThat(found.newTokens())
                    .isEqualTo(Generator.of(views.get(i % 2))
                            .generate(prompt, THREE)
                            .newTokens());
            if (i % 4 < 2) {
                assertAreThoseOfAWholePass(views.get(i % 2), prompt, found.promptLogProbabilities(), i % 3);
            } else {
                assertThat(found.promptLogProbabilities()).isEmpty();
            }
        }
    }

    @Test
    void aConversationKeepsWhatAScoredPromptComputed() {
        BatchGenerator batch = BatchGenerator.of(network);
        BatchGenerator.PromptCache cache = batch.newPromptCache();
        int[] prompt = prompt(40, 3);
        List<Generation> found = new ArrayList<>();
        for (GenerationOptions options : List.of(THREE, THREE.withPromptLogProbabilities(0), THREE)) {
            RunningGeneration one = batch.add(network, prompt, options, id -> true, cache);
            while (batch.step() > 0) {
                // Until it has ended.
            }
            found.add(one.result());
        }
        assertThat(found).extracting(Generation::reusedTokens).containsExactly(0, 0, 39);
        assertThat(found).extracting(one -> one.promptLogProbabilities().size()).containsExactly(0, 39, 0);
    }

    @Test
    void aConstraintIsKeptBehindAPrompt() {
        TokenConstraint twos = maxTokens -> new TokenConstraint.State() {
            private int count;

            @Override
            public void allowed(BitSet tokens) {
                tokens.clear();
                tokens.set(2);
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
        int[] prompt = prompt(10, 5);
        Generation found = Generator.of(network)
                .generate(prompt, THREE.withConstraint(twos).withPromptLogProbabilities(1));
        assertThat(found.newTokens()).containsExactly(2, 2, 2);
        assertAreThoseOfAWholePass(network, prompt, found.promptLogProbabilities(), 1);
    }

    @Test
    void aPromptOfOneTokenHasNone() {
        Generation found = Generator.of(network).generate(new int[] {3}, THREE.withPromptLogProbabilities(1));
        assertThat(found.promptLogProbabilities()).isEmpty();
        assertThat(found.newTokens()).hasSize(3);
    }

    @Test
    void whatIsCancelledStopsBetweenTheStepsOfItsPrompt() {
        BatchGenerator batch = BatchGenerator.of(network);
        RunningGeneration one = batch.add(network, prompt(300, 7), THREE.withPromptLogProbabilities(1));
        batch.step();
        assertThat(one.isFinished()).isFalse();
        one.cancel();
        assertThat(batch.step()).isZero();
        assertThat(one.result().finish()).isEqualTo(Finish.CANCELLED);
        assertThat(one.result().promptLogProbabilities()).isEmpty();
    }

    @Test
    void logitsThatAreNoNumbersAreRefused() {
        network.parameters().forEach(parameter -> parameter.value().putScalar(0, Double.NaN));
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> Generator.of(network).generate(prompt(5, 1), THREE.withPromptLogProbabilities(1)))
                .withMessageContaining("the logits of the token 1 of the prompt must be finite, found NaN");
    }
}
