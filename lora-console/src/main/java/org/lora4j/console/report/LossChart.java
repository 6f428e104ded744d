package org.lora4j.console.report;

import java.awt.Color;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.XYStyler;
import org.knowm.xchart.style.lines.SeriesLines;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** The loss of each batch as a dot, and the running mean as a line; on a logarithmic scale if the losses differ much. */
public final class LossChart {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 420;
    private static final int NARROW_HEIGHT = 340;
    /** The logarithm needs a lower bound. Smaller losses are drawn at this one. */
    private static final double FLOOR = 1e-5;

    /** A logarithmic scale has a label at each power of ten, so it needs two of them. */
    private static final double FEWEST_POWERS = 100;

    /** Losses that differ by a smaller part of them are drawn on a wider scale: otherwise its labels have too many digits. */
    private static final double LEAST_RANGE = 0.01;

    private LossChart() {}

    /**
     * Draws the finite losses with those of validations.
     *
     * @param title the title
     * @param losses the loss of each batch, at least one of them finite
     * @param validations the loss of each validation by the number of batches before it; none for no such line
     * @param color the color of the mean
     */
    public static Picture draw(String title, List<Double> losses, Map<Long, Double> validations, Color color) {
        SortedMap<Double, Double> points = new TreeMap<>();
        validations.forEach((batch, loss) -> addPoint(points, batch, loss));
        Supplier<XYChart> charts = () -> {
            XYChart chart = chart(title, losses, color);
            addLine(chart, "Validation", points, ChartStyle.BASE, SeriesMarkers.DIAMOND);
            widen(chart);
            return chart;
        };
        return Picture.of(title, charts, WIDTH, HEIGHT, NARROW_HEIGHT);
    }

    static XYChart chart(String title, List<Double> losses, Color color) {
        SortedMap<Double, Double> points = points(losses, 1);
        boolean isLogarithmic = isLogarithmic(points.values());
        XYChart chart = new XYChartBuilder()
                .width(WIDTH)
                .height(HEIGHT)
                .title(title)
                .xAxisTitle("Batch")
                .yAxisTitle(isLogarithmic ? "Cross entropy (log scale)" : "Cross entropy")
                .build();
        style(chart.getStyler(), losses.size());
        chart.getStyler().setYAxisLogarithmic(isLogarithmic);
        XYSeries each = addSeries(chart, "Each batch", points, ChartStyle.tint(color, 0.45), SeriesMarkers.CIRCLE);
        each.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Scatter);
        int window = window(losses.size());
        // Each mean is drawn in the middle of its batches.
        SortedMap<Double, Double> means = points(runningMean(losses, window), (window + 1) / 2.0);
        addLine(chart, "Mean of " + window + " batches", means, color, SeriesMarkers.NONE);
        return chart;
    }

    private static void style(XYStyler styler, int batches) {
        ChartStyle.apply(styler);
        styler.setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal);
        styler.setXAxisMin(0.0).setXAxisMax((double) batches);
        styler.setXAxisDecimalPattern("0").setPlotGridVerticalLinesVisible(false);
        styler.setPlotContentSize(0.97).setMarkerSize(batches > 1000 ? 3 : 6);
    }

    private static boolean isLogarithmic(Collection<Double> losses) {
        return Collections.max(losses) >= FEWEST_POWERS * Collections.min(losses);
    }

    static void widen(XYChart chart) {
        DoubleSummaryStatistics losses = chart.getSeriesCollection().stream()
                .flatMapToDouble(series -> Arrays.stream(series.getYData()))
                .summaryStatistics();
        double min = losses.getMin();
        double max = losses.getMax();
        double least = LEAST_RANGE * max;
        if (max - min < least) {
            chart.getStyler().setYAxisMin(min - least / 2);
            chart.getStyler().setYAxisMax(max + least / 2);
        }
    }

    /** Adds a line through points, if there are any. */
    private static void addLine(
            XYChart chart, String name, SortedMap<Double, Double> points, Color color, Marker marker) {
        if (!points.isEmpty()) {
            XYSeries series = addSeries(chart, name, points, color, marker);
            series.setXYSeriesRenderStyle(XYSeries.XYSeriesRenderStyle.Line);
            series.setLineColor(color);
            series.setLineStyle(SeriesLines.SOLID);
            series.setLineWidth(2.5f);
        }
    }

    private static XYSeries addSeries(
            XYChart chart, String name, SortedMap<Double, Double> points, Color color, Marker marker) {
        XYSeries series = chart.addSeries(name, List.copyOf(points.keySet()), List.copyOf(points.values()));
        series.setMarker(marker);
        series.setMarkerColor(color);
        return series;
    }

    /** An even number, so that each mean lies between two batches: otherwise XChart does not choose round ticks. */
    private static int window(int batches) {
        return Math.max(10, batches / 60 / 2 * 2);
    }

    /**
     * Computes the mean of each {@code window} losses in a row.
     *
     * @return {@code max(0, n − window + 1)} means; not finite where a loss is not finite
     */
    static List<Double> runningMean(List<Double> losses, int window) {
        return IntStream.rangeClosed(0, losses.size() - window)
                .mapToObj(i -> mean(losses.subList(i, i + window)))
                .toList();
    }

    private static double mean(List<Double> losses) {
        return losses.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    /** Returns values by their places on the axis of the batches. */
    private static SortedMap<Double, Double> points(List<Double> values, double first) {
        SortedMap<Double, Double> points = new TreeMap<>();
        for (int i = 0; i < values.size(); i++) {
            addPoint(points, first + i, values.get(i));
        }
        return points;
    }

    private static void addPoint(SortedMap<Double, Double> points, double batch, double loss) {
        if (Double.isFinite(loss)) {
            points.put(batch, Math.max(FLOOR, loss));
        }
    }
}
