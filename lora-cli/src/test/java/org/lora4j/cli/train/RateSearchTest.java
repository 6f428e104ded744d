package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The rate that 60 losses show, which were drawn: a fall, and noise. */
class RateSearchTest {
    private static final int DRAWS = 1000;

    private static List<Double> losses(double fall, double noise, long seed) {
        Random random = new Random(seed);
        return IntStream.range(0, 60)
                .mapToObj(i -> 2 - fall / (1 + Math.exp((40 - i) / 3.0)) + noise * random.nextGaussian())
                .toList();
    }

    /** Of how many draws a rate is suggested. */
    private static long found(double fall, double noise) {
        return LongStream.rangeClosed(1, DRAWS)
                .filter(seed -> RateSearch.of(losses(fall, noise, seed)).suggestion() != null)
                .count();
    }

    @Test
    void aFallAboveTheNoiseSuggestsARate() {
        assertThat(found(1, 0.1)).isEqualTo(DRAWS);
        assertThat(found(0.5, 0.15)).isGreaterThan(DRAWS * 98 / 100);
        assertThat(RateSearch.of(losses(1, 0.1, 1)).suggestion()).isBetween(1e-4, 1.1e-2);
    }

    /** Some step of them has the lowest loss too. */
    @Test
    void noiseAloneSuggestsNone() {
        assertThat(found(0, 0.1)).isLessThan(DRAWS * 5 / 1000);
        assertThat(found(0.05, 0.3)).isLessThan(DRAWS * 5 / 1000);
        assertThat(found(0, 0)).isZero();
    }

    @Test
    void aSearchThatEndsAtOnceSuggestsNone() {
        assertThat(RateSearch.of(List.of()).suggestion()).isNull();
        assertThat(RateSearch.of(List.of(1.0, 100.0, 1000.0)).suggestion()).isNull();
        assertThat(RateSearch.of(List.of(Double.NaN)).suggestion()).isNull();
    }
}
