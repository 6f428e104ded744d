package org.lora4j.console.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.Color;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYSeries;

class SeriesChartTest {
    private static final List<SeriesChart.Line> LINES = List.of(
            new SeriesChart.Line("one", List.of(50.0, 60.5, 70.0), Color.GRAY, 1, false),
            new SeriesChart.Line("mean", List.of(55.0, 65.0), Color.BLUE, 3, true));

    @Test
    void valuesStandAtWholeNumbersFromOne() {
        XYChart chart = SeriesChart.chart("Right teams", "Day", "%", LINES);
        List<XYSeries> series = List.copyOf(chart.getSeriesCollection());
        assertThat(series).extracting(XYSeries::getName).containsExactly("one", "mean");
        XYSeries one = series.get(0);
        assertThat(one.getXData()).containsExactly(1, 2, 3);
        assertThat(one.getYData()).containsExactly(50, 60.5, 70);
        assertThat(one.isShowInLegend()).isFalse();
        XYSeries mean = series.get(1);
        assertThat(mean.getLineColor()).isEqualTo(Color.BLUE);
        assertThat(mean.getLineWidth()).isEqualTo(3);
        assertThat(mean.isShowInLegend()).isTrue();
        assertThat(chart.getXAxisTitle()).isEqualTo("Day");
    }

    @Test
    void thereIsADrawingForPhonesToo() {
        Picture picture = SeriesChart.draw("Right teams", "Day", "%", LINES);
        assertThat(picture.description()).isEqualTo("Right teams");
        assertThat(picture.narrow().width()).isLessThan(picture.wide().width());
        assertThat(picture.png()).startsWith(0x89, 'P', 'N', 'G');
    }
}
