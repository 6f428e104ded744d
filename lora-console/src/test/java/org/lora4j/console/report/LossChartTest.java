package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.Color;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.knowm.xchart.XYChart;

class LossChartTest {
    /** XChart has a label at each power of ten only, so the scale needs two. */
    @ParameterizedTest
    @CsvSource({
        "0.3, 1.4, false",
        "1.2, 1.4, false",
        "0.09, 8.9, false",
        "0.002, 3, true",
        "0, 3, true",
        "0.01, 1, true"
    })
    void aLogarithmicScaleHasTwoPowersOfTen(double least, double most, boolean isLogarithmic) {
        XYChart chart = LossChart.chart("Loss", List.of(most, least, Double.NaN), Color.BLUE);
        assertThat(chart.getStyler().isYAxisLogarithmic()).isEqualTo(isLogarithmic);
        assertThat(chart.getYAxisTitle()).isEqualTo("Cross entropy" + (isLogarithmic ? " (log scale)" : ""));
    }

    @Test
    void lossesThatHardlyDifferHaveLabelsOfFewDigits() {
        XYChart chart = LossChart.chart("Loss", List.of(0.90000003, 0.9, 0.90000001), Color.BLUE);
        LossChart.widen(chart);
        assertThat(chart.getStyler().getYAxisMin()).isCloseTo(0.8955, within(1e-6));
        assertThat(chart.getStyler().getYAxisMax()).isCloseTo(0.9045, within(1e-6));
        XYChart usual = LossChart.chart("Loss", List.of(0.9, 0.8), Color.BLUE);
        LossChart.widen(usual);
        assertThat(usual.getStyler().getYAxisMin()).isNull();
    }

    @Test
    void meansAreOverWholeWindows() {
        assertThat(LossChart.runningMean(List.of(1.0, 2.0, 3.0, 7.0), 2)).containsExactly(1.5, 2.5, 5.0);
        assertThat(LossChart.runningMean(List.of(1.0), 2)).isEmpty();
        assertThat(LossChart.runningMean(List.of(1.0, Double.NaN, 3.0, 5.0), 2))
                .containsExactly(Double.NaN, Double.NaN, 4.0);
    }
}
