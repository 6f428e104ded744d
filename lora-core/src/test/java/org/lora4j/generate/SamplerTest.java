package org.lora4j.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.BitSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

class SamplerTest {
    private static final GenerationOptions SAMPLING = GenerationOptions.sampling(4);

    private static double[] logits(double... probabilities) {
        double[] logits = new double[probabilities.length];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = Math.log(probabilities[i]) + 3;
        }
        return logits;
    }

    private static double[] probabilities(GenerationOptions options, double... probabilities) {
        double[] result = logits(probabilities);
        new Sampler(options).toProbabilities(result, new BitSet());
        return result;
    }

    @Test
    void greedyChoosesTheFirstOfTheLargest() {
        assertThat(new Sampler(GenerationOptions.greedy()).choose(new double[] {1, 3, 2, 3}, new BitSet()))
                .isEqualTo(1);
        assertThat(new Sampler(SAMPLING.withTemperature(0)).choose(new double[] {-4, -3}, new BitSet()))
                .isEqualTo(1);
    }

    @Test
    void penalizesEachSeenTokenOnce() {
        BitSet seen = new BitSet();
        seen.set(0);
        seen.set(2);
        Sampler sampler = new Sampler(GenerationOptions.greedy().withRepetitionPenalty(2));
        assertThat(sampler.choose(new double[] {3, 1.4, -1}, seen)).isZero();
        assertThat(sampler.choose(new double[] {3, 1.6, -1}, seen)).isEqualTo(1);
        assertThat(sampler.choose(new double[] {-1.5, -2, -0.9}, seen)).isEqualTo(2);
        assertThat(sampler.choose(new double[] {-1.5, -2, -1.1}, seen)).isEqualTo(1);
    }

    @Test
    void penalizesTokensOfTheOutputByTheirNumber() {
        Sampler sampler =
                new Sampler(GenerationOptions.greedy().withFrequencyPenalty(0.5).withPresencePenalty(0.25));
        BitSet seen = new BitSet();
        // Of the prompt.
        seen.set(1);
        assertThat(sampler.choose(new double[] {1, 1.1, 0}, seen)).isEqualTo(1);
        sampler.accept(1);
        double[] once = {0, 2, 0};
        assertThat(sampler.choose(once, seen)).isEqualTo(1);
        assertThat(once).containsExactly(0, 2 - 0.5 - 0.25, 0);
        sampler.accept(1);
        sampler.accept(2);
        double[] twice = {0, 2, 2};
        assertThat(sampler.choose(twice, seen)).isEqualTo(2);
        assertThat(twice).containsExactly(0, 2 - 2 * 0.5 - 0.25, 2 - 0.5 - 0.25);
        double[] negative = {0, 2, 2};
        Sampler likes = new Sampler(GenerationOptions.greedy().withFrequencyPenalty(-1));
        likes.accept(0);
        assertThat(likes.choose(negative, seen)).isEqualTo(1);
        assertThat(negative).containsExactly(1, 2, 2);
    }

    /** It comes first, so the other penalties see it. */
    @Test
    void addsABiasFirst() {
        BitSet seen = new BitSet();
        seen.set(0);
        double[] logits = {-1, 3, 2};
        Sampler sampler = new Sampler(GenerationOptions.greedy()
                .withLogitBias(Map.of(0, 5.0, 1, -100.0))
                .withRepetitionPenalty(2));
        assertThat(sampler.choose(logits, seen)).isZero();
        assertThat(logits).containsExactly(2, -97, 2);
    }

    @Test
    void keepsTiesOfTopK() {
        assertThat(probabilities(SAMPLING.withTopK(2), 0.4, 0.2, 0.2, 0.1, 0.1))
                .containsExactly(new double[] {0.5, 0.25, 0.25, 0, 0}, within(1e-12));
    }

    @Test
    void keepsTheSmallestSetOfTopP() {
        double[] given = {0.5, 0.125, 0.125, 0.25};
        assertThat(probabilities(SAMPLING.withTopP(0.5), given))
                .containsExactly(new double[] {1, 0, 0, 0}, within(1e-12));
        assertThat(probabilities(SAMPLING.withTopP(0.7), given))
                .containsExactly(new double[] {2 / 3.0, 0, 0, 1 / 3.0}, within(1e-12));
        assertThat(probabilities(SAMPLING.withTopP(0.8), given))
                .containsExactly(new double[] {4 / 7.0, 1 / 7.0, 0, 2 / 7.0}, within(1e-12));
        assertThat(probabilities(SAMPLING.withTopP(1e-12), given))
                .containsExactly(new double[] {1, 0, 0, 0}, within(1e-12));
    }

    @Test
    void keepsWhatIsProbableEnoughForMinP() {
        assertThat(probabilities(SAMPLING.withMinP(0.4), 0.5, 0.1, 0.15, 0.25))
                .containsExactly(new double[] {2 / 3.0, 0, 0, 1 / 3.0}, within(1e-12));
        assertThat(probabilities(SAMPLING.withMinP(1), 0.3, 0.3, 0.4)).containsExactly(0, 0, 1);
    }

    @Test
    void lowTemperaturesDoNotOverflow() {
        assertThat(probabilities(SAMPLING.withTemperature(1e-300), 0.3, 0.6, 0.1))
                .containsExactly(0, 1, 0);
    }

    @Test
    void drawsAsOftenAsProbable() {
        Sampler sampler = new Sampler(SAMPLING.withTopK(3));
        int[] counts = new int[4];
        for (int i = 0; i < 20_000; i++) {
            counts[sampler.choose(logits(0.5, 0.3, 0.05, 0.15), new BitSet())]++;
        }
        assertThat(counts[0] / 20_000.0).isCloseTo(0.5 / 0.95, within(0.015));
        assertThat(counts[1] / 20_000.0).isCloseTo(0.3 / 0.95, within(0.015));
        assertThat(counts[2]).isZero();
    }

    @TestFactory
    List<DynamicTest> refusesOptionsOutOfBounds() {
        return table(
                argument(() -> SAMPLING.withTemperature(-1))
                        .says("generation: temperature must be at least 0, found -1.0"),
                argument(() -> SAMPLING.withTemperature(Double.NaN))
                        .says("generation: temperature must be at least 0, found NaN"),
                argument(() -> SAMPLING.withTopK(-1)).says("generation: topK must be at least 0, found -1"),
                argument(() -> SAMPLING.withTopP(0)).says("generation: topP must be above 0 and at most 1, found 0.0"),
                argument(() -> SAMPLING.withMinP(1.5)).says("generation: minP must be from 0 to 1, found 1.5"),
                argument(() -> SAMPLING.withRepetitionPenalty(0))
                        .says("generation: repetitionPenalty must be above 0, found 0.0"),
                argument(() -> SAMPLING.withFrequencyPenalty(Double.NaN))
                        .says("generation: frequencyPenalty must be finite, found NaN"),
                argument(() -> SAMPLING.withPresencePenalty(Double.POSITIVE_INFINITY))
                        .says("generation: presencePenalty must be finite, found Infinity"),
                argument(() -> SAMPLING.withLogitBias(Map.of(-1, 1.0)))
                        .says("generation: logitBias must be of tokens of at least 0, found -1"),
                argument(() -> SAMPLING.withLogitBias(Map.of(1, Double.NaN)))
                        .says("generation: logitBias must be finite, found NaN"),
                argument(() -> SAMPLING.withMaxTokens(0)).says("generation: maxTokens must be at least 1, found 0"),
                argument(() -> SAMPLING.withStopIds(-1))
                        .says("generation: stopIds must be tokens of at least 0, found -1"));
    }
}
