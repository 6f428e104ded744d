package org.lora4j.example.mnist.report;

import java.awt.Color;
import java.util.ArrayList;
import java.util.List;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The loss of each batch as a pale dot, and the running mean as a line, on a logarithmic scale. */
final class LossChart {

    private static final int WIDTH = 900;
    private static final int HEIGHT = 420;
    /** A logarithm needs a bound; a loss this small is as good as none. */
    private static final double FLOOR = 1e-5;

    private LossChart() {}

    /** Draws the losses that are finite, of which there must be one. */
    static Picture draw(String title, double[] losses, Color color) {
        int window = window(losses.length);
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("Batch")
                .yAxisTitle("Cross entropy (log scale)")
                .build();
        style(chart.getStyler(), losses.length);
        XYSeries each = chart.addSeries("Each batch", x(losses, 1), y(losses));
        each.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        each.setMarker(SeriesMarkers.CIRCLE);
        each.setMarkerColor(Palette.tint(color, 0.45));
        double[] means = runningMean(losses, window);
        // Each mean stands in the middle of its batches.
        List<Double> meanX = x(means, (window + 1) / 2.0);
        if (!meanX.isEmpty()) {
            XYSeries mean = chart.addSeries("Mean of " + window + " batches", meanX, y(means));
            mean.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
            mean.setMarker(SeriesMarkers.NONE);
            mean.setLineColor(color);
            mean.setLineStyle(SeriesLines.SOLID);
            mean.setLineWidth(2.5f);
        }
        return Picture.draw(WIDTH, HEIGHT, title, g -> chart.paint(g, WIDTH, HEIGHT));
    }

    private static void style(XYStyler styler, int batches) {
        ChartStyle.apply(styler);
        styler.setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setYAxisLogarithmic(true).setXAxisMin(0.0).setXAxisMax((double) batches);
        styler.setXAxisDecimalPattern("0").setPlotGridVerticalLinesVisible(false);
        styler.setPlotContentSize(0.97).setMarkerSize(batches > 1000 ? 3 : 6);
    }

    /** Even, so that no mean stands on a batch: XChart's ticks come out round only when the places are uneven. */
    private static int window(int batches) {
        return Math.max(10, batches / 60 / 2 * 2);
    }

    /**
     * The mean of each {@code window} losses in a row.
     *
     * @return {@code max(0, n − window + 1)} means; one over a loss that is not finite is NaN
     */
    static double[] runningMean(double[] losses, int window) {
        double[] means = new double[Math.max(0, losses.length - window + 1)];
        for (int i = 0; i < means.length; i++) {
            double sum = 0;
            for (int j = i; j < i + window; j++) {
                sum += losses[j];
            }
            means[i] = Double.isFinite(sum) ? sum / window : Double.NaN;
        }
        return means;
    }

    private static List<Double> x(double[] values, double first) {
        List<Double> x = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            if (Double.isFinite(values[i])) {
                x.add(first + i);
            }
        }
        return x;
    }

    private static List<Double> y(double[] values) {
        List<Double> y = new ArrayList<>();
        for (double value : values) {
            if (Double.isFinite(value)) {
                y.add(Math.max(FLOOR, value));
            }
        }
        return y;
    }
}
