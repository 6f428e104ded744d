package org.lora4j.example.mnist.report;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.lora4j.example.support.report.ChartStyle;
import org.lora4j.example.support.report.ConfusionChart;
import org.lora4j.example.support.report.LossChart;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.example.support.report.Words;

/** Draws all charts of a report. */
final class Charts {
    private Charts() {}

    /** The files of the charts, with their keys in {@code files} of the report. */
    enum File {
        WRONG_PER_DIGIT("wrongPerDigit", "wrong-per-digit.png"),
        CONFUSION_BASE("confusionBase", "confusion-base.png"),
        CONFUSION_LORA("confusionLora", "confusion-lora.png"),
        LOSS_BASE("lossBase", "loss-base.png"),
        LOSS_FINE_TUNE("lossFineTune", "loss-fine-tune.png"),
        EXAMPLES("examples", "examples.png");

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

    /** Draws the charts for which there are numbers. On a machine without fonts it draws none and logs a warning. */
    static Map<File, Picture> draw(Report report, ChartData data) {
        Map<File, Picture> charts = new EnumMap<>(File.class);
        if (!ChartStyle.fontsAvailable()) {
            return charts;
        }
        List<Integer> digits = report.digits();
        charts.put(File.WRONG_PER_DIGIT, WrongPerDigitChart.draw(report.beforeAndAfter(), digits));
        int mostErrors =
                Math.max(report.base().mostErrors(), report.loraEnabled().mostErrors());
        ConfusionChart confusion =
                new ConfusionChart("The image shows", "The network predicts", DigitWords.NAMES, digits, mostErrors);
        charts.put(File.CONFUSION_BASE, confusion.draw(errors("Base", report.base()), report.base(), ChartStyle.BASE));
        charts.put(
                File.CONFUSION_LORA,
                confusion.draw(errors("LoRA on", report.loraEnabled()), report.loraEnabled(), ChartStyle.LORA));
        if (anyFinite(data.baseLosses())) {
            charts.put(
                    File.LOSS_BASE,
                    LossChart.draw(
                            "Loss of the base training on all digits", data.baseLosses(), Map.of(), ChartStyle.BASE));
        }
        if (anyFinite(data.fineTuneLosses())) {
            charts.put(
                    File.LOSS_FINE_TUNE,
                    LossChart.draw(
                            "Loss of the fine-tuning on " + DigitWords.of(digits),
                            data.fineTuneLosses(),
                            Map.of(),
                            ChartStyle.LORA));
        }
        charts.put(File.EXAMPLES, ExamplesChart.draw(data.fixed(), data.broken()));
        return charts;
    }

    private static String errors(String name, TestResult result) {
        return name + ": " + Words.count(result.wrongTotal()) + " of " + Words.count(result.examples()) + " wrong";
    }

    private static boolean anyFinite(List<Double> losses) {
        return losses.stream().anyMatch(Double::isFinite);
    }
}
