package org.lora4j.console.report;

import java.awt.Color;
import java.util.List;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Lines over 1, 2, 3, … */
public final class SeriesChart {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 420;
    private static final int NARROW_HEIGHT = 420;

    private SeriesChart() {}

    /**
     * A line.
     *
     * @param name its name, which no other line has
     * @param values its values at 1, 2, 3, …
     * @param color its color
     * @param width its width in pixels
     * @param hasLegend whether the legend names it
     */
    public record Line(String name, List<Double> values, Color color, float width, boolean hasLegend) {}

    /**
     * Draws lines.
     *
     * @param title the title
     * @param x what 1, 2, 3, … are
     * @param y what the values are
     * @param lines the lines, the last one on top
     * @return the picture
     */
    public static Picture draw(String title, String x, String y, List<Line> lines) {
        return Picture.of(title, () -> chart(title, x, y, lines), WIDTH, HEIGHT, NARROW_HEIGHT);
    }

    static XYChart chart(String title, String x, String y, List<Line> lines) {
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle(x)
                .yAxisTitle(y)
                .build();
        ChartStyle.apply(chart.getStyler());
        chart.getStyler()
                .setLegendPosition(Styler.LegendPosition.OutsideS)
                .setLegendLayout(Styler.LegendLayout.Horizontal);
        chart.getStyler()
                .setXAxisDecimalPattern("0")
                .setPlotGridVerticalLinesVisible(false)
                .setMarkerSize(6);
        for (Line line : lines) {
            XYSeries series = chart.addSeries(
                    line.name(),
                    IntStream.rangeClosed(1, line.values().size())
                            .mapToObj(Integer::valueOf)
                            .toList(),
                    line.values());
            series.setLineColor(line.color()).setLineStyle(SeriesLines.SOLID).setLineWidth(line.width());
            series.setShowInLegend(line.hasLegend());
            series.setMarker(SeriesMarkers.CIRCLE).setMarkerColor(line.color());
        }
        return chart;
    }
}
