package org.lora4j.cli.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.schedule.ISchedule;

class ScheduleTest {
    @ParameterizedTest
    @CsvSource({
        // Hugging Face's schedules with 2 steps of warm-up and 10 steps.
        "LINEAR, 0, 0.5, 1, 0.5, 0",
        "COSINE, 0, 0.5, 1, 0.5, 0",
        "CONSTANT, 0, 0.5, 1, 1, 1"
    })
    void theRateRisesAndFalls(Schedule schedule, double first, double second, double peak, double middle, double end) {
        ISchedule rates = schedule.rates(0.4, 2, 10);
        double[] expected = {first, second, peak, middle, end};
        int[] steps = {0, 1, 2, 6, 10};
        for (int i = 0; i < steps.length; i++) {
            assertThat(rates.valueAt(steps[i], 0)).isCloseTo(0.4 * expected[i], within(1e-12));
        }
        assertThat(rates.clone()).isEqualTo(rates);
    }

    @Test
    void theCosineIsAboveTheLineFirstAndBelowItLater() {
        ISchedule cosine = Schedule.COSINE.rates(1, 0, 8);
        assertThat(cosine.valueAt(2, 0)).isCloseTo((1 + Math.sqrt(0.5)) / 2, within(1e-12));
        assertThat(cosine.valueAt(6, 0)).isCloseTo((1 - Math.sqrt(0.5)) / 2, within(1e-12));
        assertThatIllegalArgumentException().isThrownBy(() -> Schedule.CONSTANT.rates(1, 8, 8));
    }
}
