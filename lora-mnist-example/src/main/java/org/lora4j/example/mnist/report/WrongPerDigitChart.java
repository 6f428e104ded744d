package org.lora4j.example.mnist.report;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.CategorySeries;
import org.knowm.xchart.style.CategoryStyler;
import org.knowm.xchart.style.Styler;
import org.lora4j.console.report.ChartStyle;
import org.lora4j.console.report.Drawing;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TestResult;
import org.lora4j.example.mnist.data.MnistData;

/** Wrong predictions per digit, one bar for each test. The digits of the fine-tuning have a colored background. */
final class WrongPerDigitChart {
    private static final int WIDTH = 900;
    private static final int HEIGHT = 500;
    private static final int NARROW_HEIGHT = 340;
    private static final int LEGEND_LINE = 22;
    private static final String FINE_TUNED = "fine-tuned";
    private static final double GROUP_WIDTH = 0.8;
    private static final double PLOT_WIDTH = 0.98;
    /** With more tests than this, the bars are too narrow for numbers. */
    private static final int MOST_LABELLED = 3;

    private static final int MOST_LABELLED_NARROW = 2;

    private final Map<String, TestResult> results;
    private final List<Integer> digits;
    private final boolean isNarrow;
    private final CategoryChart chart;

    private WrongPerDigitChart(Report report, boolean isNarrow) {
        results = report.beforeAndAfter();
        digits = report.digits();
        this.isNarrow = isNarrow;
        chart = chart(report.digitWords());
    }

    /** Draws the chart. */
    static Picture draw(Report report) {
        String counts = report.beforeAndAfter().entrySet().stream()
                .map(result -> result.getKey() + ": "
                        + result.getValue().wrong().stream()
                                .map(ReportText::count)
                                .collect(Collectors.joining(" ")))
                .collect(Collectors.joining(". "));
        WrongPerDigitChart wide = new WrongPerDigitChart(report, false);
        WrongPerDigitChart narrow = new WrongPerDigitChart(report, true);
        return new Picture(
                "Wrong predictions per digit 0 to 9. " + counts,
                Drawing.of(WIDTH, HEIGHT, wide::paint),
                Drawing.narrow(narrow.chart.getTitle(), Drawing.NARROW, narrow.chart.getHeight(), narrow::paint));
    }

    private CategoryChart chart(String digitWords) {
        CategoryChart chart = new CategoryChartBuilder()
                .width(isNarrow ? Drawing.NARROW : WIDTH)
                .height(isNarrow ? NARROW_HEIGHT + LEGEND_LINE * results.size() : HEIGHT)
                .title("Wrong predictions per digit, before and after fine-tuning on " + digitWords)
                .xAxisTitle("Digit that the image shows")
                .yAxisTitle("Wrong predictions")
                .build();
        CategoryStyler styler = chart.getStyler();
        ChartStyle.apply(styler);
        styler.setLegendPosition(Styler.LegendPosition.OutsideS).setLegendLayout(Styler.LegendLayout.Horizontal);
        if (isNarrow) {
            ChartStyle.applyNarrow(styler);
            // Otherwise XChart leaves out digits: it leaves room for longer labels.
            styler.setXAxisTickMarkSpacingHint(1);
        }
        styler.setPlotGridVerticalLinesVisible(false).setYAxisMin(0.0).setYAxisDecimalPattern("#,###");
        styler.setYAxisMax(yMax());
        styler.setPlotContentSize(PLOT_WIDTH);
        styler.setAvailableSpaceFill(GROUP_WIDTH);
        // White would hide the colored background.
        Color clear = new Color(255, 255, 255, 0);
        styler.setChartBackgroundColor(clear).setPlotBackgroundColor(clear).setLegendBackgroundColor(clear);
        List<Integer> categories = IntStream.range(0, MnistData.CLASSES).boxed().toList();
        int index = 0;
        for (Map.Entry<String, TestResult> result : results.entrySet()) {
            CategorySeries series = chart.addSeries(
                    result.getKey(), categories, result.getValue().wrong());
            series.setFillColor(ChartStyle.series(index));
            series.setLineColor(ChartStyle.series(index));
            index++;
        }
        return chart;
    }

    /** Leaves room above the highest bar for its number and the word "fine-tuned". */
    private double yMax() {
        int highest = results.values().stream()
                .flatMap(result -> result.wrong().stream())
                .mapToInt(Integer::intValue)
                .max()
                .orElse(0);
        return 1.18 * Math.max(5, highest);
    }

    private void paint(Graphics2D g) {
        Rectangle2D plot = measure();
        digits.forEach(digit -> highlight(g, plot, digit));
        chart.paint(g, chart.getWidth(), chart.getHeight());
        if (results.size() <= (isNarrow ? MOST_LABELLED_NARROW : MOST_LABELLED)) {
            label(g, plot);
        }
    }

    /** Returns the area of the bars. XChart knows it after it has painted once. */
    private Rectangle2D measure() {
        Graphics2D scratch = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        try {
            chart.paint(scratch, chart.getWidth(), chart.getHeight());
        } finally {
            scratch.dispose();
        }
        double left = chart.getScreenXFromChart(0);
        double right = chart.getScreenXFromChart(MnistData.CLASSES - 1);
        double top = chart.getScreenYFromChart(yMax());
        return new Rectangle2D.Double(left, top, right - left, chart.getScreenYFromChart(0) - top);
    }

    private void highlight(Graphics2D g, Rectangle2D plot, int digit) {
        double width = plot.getWidth() / MnistData.CLASSES;
        double left = plot.getX() + width * digit;
        g.setColor(ChartStyle.HIGHLIGHT);
        g.fill(new Rectangle2D.Double(left, plot.getY(), width, plot.getHeight()));
        if (isNarrow) {
            // The word is wider than a digit's bars. The title names the digits.
            return;
        }
        double half = ChartStyle.width(g, FINE_TUNED, ChartStyle.SMALL_STRONG) / 2;
        double middle = Math.min(left + width / 2, chart.getWidth() - half - 2);
        ChartStyle.drawCentered(g, FINE_TUNED, ChartStyle.SMALL_STRONG, ChartStyle.LORA_INK, middle, plot.getY() + 17);
    }

    private void label(Graphics2D g, Rectangle2D plot) {
        double group = plot.getWidth() / MnistData.CLASSES;
        double bar = group * GROUP_WIDTH / results.size();
        double left = plot.getX() + group * (1 - GROUP_WIDTH) / 2;
        int index = 0;
        for (TestResult result : results.values()) {
            for (int digit = 0; digit < MnistData.CLASSES; digit++) {
                int wrong = result.wrong().get(digit);
                double middle = left + group * digit + bar * (index + 0.5);
                label(g, digit, ReportText.count(wrong), middle, chart.getScreenYFromChart(wrong) - 5);
            }
            index++;
        }
    }

    /** Writes a number above a bar, upright if bars are narrow. */
    private void label(Graphics2D g, int digit, String number, double middle, double bottom) {
        boolean isStrong = digits.contains(digit);
        if (isNarrow) {
            Font font = isStrong ? ChartStyle.NARROW_STRONG : ChartStyle.NARROW;
            ChartStyle.drawUpright(g, number, font, ChartStyle.INK, middle, bottom);
        } else {
            Font font = isStrong ? ChartStyle.STRONG : ChartStyle.SMALL;
            ChartStyle.drawCentered(g, number, font, ChartStyle.INK, middle, bottom);
        }
    }
}
