package org.lora4j.example.text.report;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.lora4j.example.support.report.ChartStyle;
import org.lora4j.example.support.report.ConfusionChart;
import org.lora4j.example.support.report.LossChart;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.example.support.report.Words;

/** Draws the charts of a run of {@code classify}. */
final class ClassifyCharts {
    private ClassifyCharts() {}

    /** The files of the charts, with their keys in {@code files} of the report. */
    enum File {
        CONFUSION_FROZEN("confusionFrozen", "confusion-frozen.png"),
        CONFUSION_LORA("confusionLora", "confusion-lora.png"),
        LOSS("loss", "loss.png");

        private final String key;
        private final String fileName;

        File(String key, String fileName) {
            this.key = key;
            this.fileName = fileName;
        }

        String key() {
            return key;
        }

        String fileName() {
            return fileName;
        }
    }

    /** Draws the charts. On a machine without fonts it draws none and logs a warning. */
    static Map<File, Picture> draw(ClassifyReport report, List<Double> losses) {
        Map<File, Picture> charts = new EnumMap<>(File.class);
        if (!ChartStyle.fontsAvailable()) {
            return charts;
        }
        ConfusionChart.Labels labels =
                new ConfusionChart.Labels("The passage is of", "Predicted", report.classNames(), List.of());
        int mostErrors = Math.max(report.frozen().mostErrors(), report.lora().mostErrors());
        charts.put(
                File.CONFUSION_FROZEN,
                ConfusionChart.draw(
                        labels, errors("Frozen", report.frozen()), report.frozen(), ChartStyle.BASE, mostErrors));
        charts.put(
                File.CONFUSION_LORA,
                ConfusionChart.draw(labels, errors("LoRA", report.lora()), report.lora(), ChartStyle.LORA, mostErrors));
        charts.put(File.LOSS, LossChart.draw("Loss of the training with LoRA", losses, ChartStyle.LORA));
        return charts;
    }

    private static String errors(String name, TestResult result) {
        return name + ": " + Words.count(result.wrongTotal()) + " of " + Words.count(result.examples()) + " wrong";
    }
}
