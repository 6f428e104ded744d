package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The rate that 60 losses show, which were drawn: a fall, and noise. */
class RateSearchTest {
    private static List<Double> losses(double fall, double noise, long seed) {
        Random random = new Random(seed);
        return IntStream.range(0, 60)
                .mapToObj(i -> 2 - fall / (1 + Math.exp((40 - i) / 3.0)) + noise * random.nextGaussian())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void aFallAboveTheNoiseSuggestsARate(long seed) {
        assertThat(RateSearch.of(losses(1, 0.1, seed)).suggestion()).isNotNull().isBetween(1e-4, 1e-2);
        assertThat(RateSearch.of(losses(0.5, 0.15, seed)).suggestion()).isNotNull().isBetween(1e-4, 1e-2);
    }

    /** The lowest of the losses is anywhere then. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void noiseAloneSuggestsNone(long seed) {
        assertThat(RateSearch.of(losses(0, 0.1, seed)).suggestion()).isNull();
        assertThat(RateSearch.of(losses(0.05, 0.3, seed)).suggestion()).isNull();
        assertThat(RateSearch.of(losses(0, 0, seed)).suggestion()).isNull();
    }
}
