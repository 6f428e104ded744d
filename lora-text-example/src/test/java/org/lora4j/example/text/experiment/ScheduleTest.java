package org.lora4j.example.text.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScheduleTest {
    @Test
    void risesForATenthAndThenFalls() {
        Schedule schedule = new Schedule(2, 100);
        assertThat(schedule.valueAt(0, 0)).isCloseTo(0.2, within(1e-12));
        assertThat(schedule.valueAt(9, 0)).isEqualTo(2);
        assertThat(schedule.valueAt(10, 0)).isEqualTo(2);
        assertThat(schedule.valueAt(55, 0)).isCloseTo(1, within(1e-12));
        assertThat(schedule.valueAt(99, 0)).isCloseTo(2 / 90.0, within(1e-12));
    }
}
