package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CosineWarmupScheduleTest {
    private static double[] rates(CosineWarmupSchedule schedule, int steps) {
        return IntStream.range(0, steps)
                .mapToDouble(i -> schedule.valueAt(i, 0))
                .toArray();
    }

    @Test
    void risesInAStraightLineAndFallsAlongTheCosine() {
        double half = Math.sqrt(0.5);
        assertThat(rates(new CosineWarmupSchedule(8, 0, 2, 6), 8))
                .usingComparatorWithPrecision(1e-12)
                .containsExactly(0, 4, 8, 4 + 4 * half, 4, 4 - 4 * half, 0, 0);
    }

    @Test
    void fallsToTheLowestRate() {
        assertThat(rates(new CosineWarmupSchedule(1, 0.1, 0, 2), 4))
                .usingComparatorWithPrecision(1e-12)
                .containsExactly(1, 0.55, 0.1, 0.1);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, 1, 10",
        "NaN, 0, 1, 10",
        "1, -0.1, 1, 10",
        "1, 1.1, 1, 10",
        "1, NaN, 1, 10",
        "1, 0, -1, 10",
        "1, 0, 10, 10"
    })
    void refusesImpossibleNumbers(double peak, double lowest, int warmup, int steps) {
        assertThatIllegalArgumentException().isThrownBy(() -> new CosineWarmupSchedule(peak, lowest, warmup, steps));
    }
}
