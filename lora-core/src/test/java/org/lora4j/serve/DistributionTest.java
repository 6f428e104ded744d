package org.lora4j.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Counted values. */
class DistributionTest {
    private static ServingStats.Distribution of(long... values) {
        ServingRecorder.OfValues recorder = new ServingRecorder.OfValues();
        for (long value : values) {
            recorder.record(value);
        }
        return recorder.snapshot();
    }

    @Test
    void hasTheNumbersOfItsValues() {
        ServingStats.Distribution distribution = of(3, 1, 2, 10);
        assertThat(distribution.count()).isEqualTo(4);
        assertThat(distribution.sum()).isEqualTo(16);
        assertThat(distribution.mean()).isEqualTo(4);
        assertThat(distribution.max()).isEqualTo(10);
        assertThat(distribution.percentile(0)).isEqualTo(1);
        assertThat(distribution.percentile(25)).isEqualTo(1);
        assertThat(distribution.percentile(50)).isEqualTo(2);
        assertThat(distribution.percentile(51)).isEqualTo(3);
        assertThat(distribution.percentile(100)).isEqualTo(10);
        assertThat(distribution).hasToString("Distribution[count=4, mean=4.0, median=2, 99 %=10, max=10]");
    }

    @Test
    void ofNothingIsZero() {
        ServingStats.Distribution distribution = of();
        assertThat(distribution.count()).isZero();
        assertThat(distribution.mean()).isZero();
        assertThat(distribution.max()).isZero();
        assertThat(distribution.percentile(99)).isZero();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 15, 16, 17, 31, 32, 33, 1000, 123_456_789, Long.MAX_VALUE / 2, Long.MAX_VALUE})
    void aPercentileIsAtMostASixteenthTooHigh(long value) {
        // A larger value, so that the bound of the group counts and not the maximum.
        ServingStats.Distribution distribution = of(value, Long.MAX_VALUE);
        assertThat((double) distribution.percentile(50)).isBetween((double) value, value * (1 + 1.0 / 16));
    }

    @Test
    void percentilesOfManyValues() {
        ServingRecorder.OfValues recorder = new ServingRecorder.OfValues();
        for (int i = 1; i <= 10_000; i++) {
            recorder.record(i);
        }
        ServingStats.Distribution distribution = recorder.snapshot();
        assertThat((double) distribution.percentile(50)).isCloseTo(5000, within(5000 / 16.0));
        assertThat((double) distribution.percentile(99)).isCloseTo(9900, within(9900 / 16.0));
    }

    @Test
    void refusesPercentagesOutOfBounds() {
        for (double percent : new double[] {-1, 101, Double.NaN}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> of(1).percentile(percent))
                    .withMessage("percent must be from 0 to 100, found " + percent);
        }
    }
}
