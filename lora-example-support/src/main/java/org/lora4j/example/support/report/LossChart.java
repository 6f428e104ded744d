package org.lora4j.example.support.report;

import java.awt.Color;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The loss of each batch as a dot, and the running mean as a line; on a logarithmic scale if the losses differ much. */
public final class LossChart {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 420;
    /** The logarithm needs a lower bound. Smaller losses are drawn at this one. */
    private static final double FLOOR = 1e-5;

    /** A logarithmic scale has a label at each power of ten, so it needs two of them. */
    private static final double FEWEST_POWERS = 100;

    private LossChart() {}

    /**
     * Draws the finite losses.
     *
     * @param title the title
     * @param losses the loss of each batch, at least one of them finite
     * @param color the color of the mean
     */
    public static Picture draw(String title, List<Double> losses, Color color) {
        return draw(title, losses, Map.of(), color);
    }

    /**
     * Draws the finite losses with those of validations.
     *
     * @param title the title
     * @param losses the loss of each batch, at least one of them finite
     * @param validations the loss of each validation by the number of batches before it; none for no such line
     * @param color the color of the mean
     */
    public static Picture draw(String title, List<Double> losses, Map<Long, Double> validations, Color color) {
        XYChart chart = chart(title, losses, color);
        if (!validations.isEmpty()) {
            addValidations(chart, validations);
        }
        return Picture.draw(WIDTH, HEIGHT, title, g -> chart.paint(g, WIDTH, HEIGHT));
    }

    private static void addValidations(XYChart chart, Map<Long, Double> validations) {
        List<Long> batches = validations.keySet().stream()
                .filter(batch -> Double.isFinite(validations.getOrDefault(batch, Double.NaN)))
                .sorted()
                .toList();
        if (batches.isEmpty()) {
            return;
        }
        XYSeries series = chart.addSeries(
                "Validation",
                batches.stream().map(Long::doubleValue).toList(),
                batches.stream()
                        .map(batch -> Math.max(FLOOR, validations.getOrDefault(batch, FLOOR)))
                        .toList());
        series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
        series.setMarker(SeriesMarkers.DIAMOND);
        series.setMarkerColor(ChartStyle.BASE);
        series.setLineColor(ChartStyle.BASE);
        series.setLineStyle(SeriesLines.SOLID);
        series.setLineWidth(2f);
    }

    static XYChart chart(String title, List<Double> losses, Color color) {
        int window = window(losses.size());
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("Batch")
                .yAxisTitle(isLogarithmic(losses) ? "Cross entropy (log scale)" : "Cross entropy")
                .build();
        style(chart.getStyler(), losses.size());
        chart.getStyler().setYAxisLogarithmic(isLogarithmic(losses));
        XYSeries each = chart.addSeries("Each batch", x(losses, 1), y(losses));
        each.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        each.setMarker(SeriesMarkers.CIRCLE);
        each.setMarkerColor(ChartStyle.tint(color, 0.45));
        List<Double> means = runningMean(losses, window);
        // Each mean is drawn in the middle of its batches.
        List<Double> meanX = x(means, (window + 1) / 2.0);
        if (!meanX.isEmpty()) {
            XYSeries mean = chart.addSeries("Mean of " + window + " batches", meanX, y(means));
            mean.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
            mean.setMarker(SeriesMarkers.NONE);
            mean.setLineColor(color);
            mean.setLineStyle(SeriesLines.SOLID);
            mean.setLineWidth(2.5f);
        }
        return chart;
    }

    private static void style(XYStyler styler, int batches) {
        ChartStyle.apply(styler);
        styler.setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setXAxisMin(0.0).setXAxisMax((double) batches);
        styler.setXAxisDecimalPattern("0").setPlotGridVerticalLinesVisible(false);
        styler.setPlotContentSize(0.97).setMarkerSize(batches > 1000 ? 3 : 6);
    }

    private static boolean isLogarithmic(List<Double> losses) {
        DoubleSummaryStatistics shown =
                y(losses).stream().mapToDouble(Double::doubleValue).summaryStatistics();
        return shown.getMax() >= FEWEST_POWERS * shown.getMin();
    }

    /** An even number, so that each mean lies between two batches: otherwise XChart does not choose round ticks. */
    private static int window(int batches) {
        return Math.max(10, batches / 60 / 2 * 2);
    }

    /**
     * Computes the mean of each {@code window} losses in a row.
     *
     * @return {@code max(0, n − window + 1)} means; NaN where a loss is not finite
     */
    static List<Double> runningMean(List<Double> losses, int window) {
        return IntStream.rangeClosed(0, losses.size() - window)
                .mapToObj(i -> mean(losses.subList(i, i + window)))
                .toList();
    }

    private static double mean(List<Double> losses) {
        double sum = losses.stream().mapToDouble(Double::doubleValue).sum();
        return Double.isFinite(sum) ? sum / losses.size() : Double.NaN;
    }

    /** Returns the places of the finite values. */
    private static List<Double> x(List<Double> values, double first) {
        return IntStream.range(0, values.size())
                .filter(i -> Double.isFinite(values.get(i)))
                .mapToObj(i -> first + i)
                .toList();
    }

    /** Returns the finite values. */
    private static List<Double> y(List<Double> values) {
        return values.stream()
                .filter(Double::isFinite)
                .map(value -> Math.max(FLOOR, value))
                .toList();
    }
}
