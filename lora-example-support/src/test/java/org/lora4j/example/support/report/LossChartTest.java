package org.lora4j.example.support.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class LossChartTest {
    @Test
    void meansAreOverWholeWindows() {
        assertThat(LossChart.runningMean(List.of(1.0, 2.0, 3.0, 7.0), 2)).containsExactly(1.5, 2.5, 5.0);
        assertThat(LossChart.runningMean(List.of(1.0), 2)).isEmpty();
        assertThat(LossChart.runningMean(List.of(1.0, Double.NaN, 3.0, 5.0), 2))
                .containsExactly(Double.NaN, Double.NaN, 4.0);
    }
}
