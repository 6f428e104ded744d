package org.lora4j.example.support.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.Color;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.knowm.xchart.XYChart;

class LossChartTest {
    @ParameterizedTest
    @CsvSource({"0.3, 1.4, 0.1, 1.4", "0.3, 0.8, 0.1, 1", "1.2, 1.4, 1, 10", "0.002, 3, 0.001, 3", "0, 3, 0.00001, 3"})
    void theScaleHasTwoPowersOfTen(double least, double most, double from, double to) {
        XYChart chart = LossChart.chart("Loss", List.of(most, least, Double.NaN), Color.BLUE, 900, 420);
        assertThat(chart.getStyler().getYAxisMin()).isCloseTo(from, within(1e-12));
        assertThat(chart.getStyler().getYAxisMax()).isCloseTo(to, within(1e-12));
    }

    @Test
    void meansAreOverWholeWindows() {
        assertThat(LossChart.runningMean(List.of(1.0, 2.0, 3.0, 7.0), 2)).containsExactly(1.5, 2.5, 5.0);
        assertThat(LossChart.runningMean(List.of(1.0), 2)).isEmpty();
        assertThat(LossChart.runningMean(List.of(1.0, Double.NaN, 3.0, 5.0), 2))
                .containsExactly(Double.NaN, Double.NaN, 4.0);
    }
}
