package org.lora4j.console.report;

import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Whether probabilities mean what they say: how often those of each bin are right, beside a line where both are equal. */
public final class ReliabilityChart {
    private static final int WIDTH = 560;
    private static final int HEIGHT = 480;
    private static final int NARROW_HEIGHT = 320;

    private ReliabilityChart() {}

    /**
     * Draws bins.
     *
     * @param title the title
     * @param right what the share on the vertical axis is
     * @param probabilities the mean probability of each bin, growing
     * @param shares the share of those of the bin that are right
     */
    public static Picture draw(String title, String right, List<Double> probabilities, List<Double> shares) {
        return Picture.of(title, () -> chart(title, right, probabilities, shares), WIDTH, HEIGHT, NARROW_HEIGHT);
    }

    private static XYChart chart(String title, String right, List<Double> probabilities, List<Double> shares) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("Probability")
                .yAxisTitle(right)
                .build();
        XYStyler styler = chart.getStyler();
        ChartStyle.apply(styler);
        styler.setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setXAxisMin(0.0).setXAxisMax(1.0);
        styler.setYAxisMin(0.0).setYAxisMax(1.0);
        styler.setXAxisDecimalPattern("0.0").setYAxisDecimalPattern("0.0").setMarkerSize(8);
        XYSeries equal = chart.addSeries("Exactly right", new double[] {0, 1}, new double[] {0, 1});
        equal.setMarker(SeriesMarkers.NONE);
        equal.setLineColor(ChartStyle.BASE);
        equal.setLineStyle(SeriesLines.DASH_DASH);
        XYSeries found = chart.addSeries("Adapter", probabilities, shares);
        found.setMarker(SeriesMarkers.CIRCLE);
        found.setMarkerColor(ChartStyle.LORA);
        found.setLineColor(ChartStyle.LORA);
        found.setLineStyle(SeriesLines.SOLID);
        return chart;
    }
}
