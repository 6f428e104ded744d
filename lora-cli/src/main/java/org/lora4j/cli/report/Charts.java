package org.lora4j.cli.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.TrainingSummary;
import org.lora4j.console.report.ChartStyle;
import org.lora4j.console.report.ConfusionChart;
import org.lora4j.console.report.LossChart;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReliabilityChart;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TestResult;
import org.lora4j.text.metrics.Calibration;

/** The charts of the pages. On a machine without fonts there are none, which is logged. */
public final class Charts {
    static final String LOSS = "loss";
    static final String CONFUSION = "confusion";
    static final String CALIBRATION = "calibration";

    /** A matrix of more classes is too large to be read. */
    private static final int MOST_CLASSES = 12;

    private Charts() {}

    static Map<String, Picture> loss(TrainingSummary training) {
        Map<String, Picture> charts = new LinkedHashMap<>();
        if (ChartStyle.fontsAvailable() && training.losses().stream().anyMatch(Double::isFinite)) {
            charts.put(
                    LOSS,
                    LossChart.draw("Loss of the training", training.losses(), training.validations(), ChartStyle.LORA));
        }
        return charts;
    }

    /**
     * Draws how far probabilities are right.
     *
     * @param calibration the shares by probability; null for none
     * @param right what is right
     * @return the chart by its name; none if there are no numbers
     */
    public static Map<String, Picture> calibration(@Nullable Calibration calibration, String right) {
        if (calibration == null || !ChartStyle.fontsAvailable()) {
            return Map.of();
        }
        String title = "Calibration: expected error " + ReportText.fixed(calibration.expectedError(), 3);
        List<Double> probabilities =
                calibration.bins().stream().map(Calibration.Bin::probability).toList();
        List<Double> shares =
                calibration.bins().stream().map(Calibration.Bin::accuracy).toList();
        return Map.of(CALIBRATION, ReliabilityChart.draw(title, "Share of " + right, probabilities, shares));
    }

    /**
     * Draws which classes are taken for which.
     *
     * @param names the classes
     * @param confusion the number of texts by {@code [actual][predicted]} class
     * @return the chart by its name; none of many classes
     */
    public static Map<String, Picture> confusion(List<String> names, List<List<Integer>> confusion) {
        if (names.size() > MOST_CLASSES || !ChartStyle.fontsAvailable()) {
            return Map.of();
        }
        TestResult result = new TestResult(confusion);
        ConfusionChart chart = new ConfusionChart("The text is of", "Predicted", names, List.of(), result.mostErrors());
        String title = ReportText.count(result.wrongTotal()) + " of " + ReportText.count(result.examples()) + " wrong";
        return Map.of(CONFUSION, chart.draw(title, result, ChartStyle.LORA));
    }
}
