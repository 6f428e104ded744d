package org.lora4j.example.text.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.example.support.report.ChartStyle;
import org.lora4j.example.support.report.ConfusionChart;
import org.lora4j.example.support.report.LossChart;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.example.support.report.Words;

/** Draws the charts of the reports. The file of a chart has its name, with {@code .png}. */
final class Charts {
    static final String CONFUSION_FROZEN = "confusion-frozen";
    static final String CONFUSION_LORA = "confusion-lora";
    static final String LOSS = "loss";

    /** All charts of all commands: those that a run does not draw are of an earlier run. */
    static final List<String> ALL = List.of(CONFUSION_FROZEN, CONFUSION_LORA, LOSS);

    private Charts() {}

    /** Draws the charts of {@code classify}. On a machine without fonts it draws none and logs a warning. */
    static Map<String, Picture> of(ClassifyReport report, List<Double> losses) {
        Map<String, Picture> charts = new LinkedHashMap<>();
        if (ChartStyle.fontsAvailable()) {
            ConfusionChart.Labels labels =
                    new ConfusionChart.Labels("The text is of", "Predicted", report.classNames(), List.of());
            int most = Math.max(report.frozen().mostErrors(), report.lora().mostErrors());
            charts.put(
                    CONFUSION_FROZEN,
                    ConfusionChart.draw(
                            labels, title("Frozen", report.frozen()), report.frozen(), ChartStyle.BASE, most));
            charts.put(
                    CONFUSION_LORA,
                    ConfusionChart.draw(labels, title("LoRA", report.lora()), report.lora(), ChartStyle.LORA, most));
            charts.put(LOSS, loss(losses));
        }
        return charts;
    }

    /** Draws the charts of {@code story}. On a machine without fonts it draws none and logs a warning. */
    static Map<String, Picture> of(List<Double> losses) {
        return ChartStyle.fontsAvailable() ? Map.of(LOSS, loss(losses)) : Map.of();
    }

    private static Picture loss(List<Double> losses) {
        return LossChart.draw("Loss of the training with LoRA", losses, ChartStyle.LORA);
    }

    private static String title(String name, TestResult result) {
        return name + ": " + Words.count(result.wrongTotal()) + " of " + Words.count(result.examples()) + " wrong";
    }
}
