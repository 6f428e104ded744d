package org.lora4j.example.mnist.report;

import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import org.lora4j.console.report.ChartStyle;
import org.lora4j.console.report.ConfusionChart;
import org.lora4j.console.report.LossChart;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TestResult;
import org.lora4j.example.mnist.data.MnistData;

/** Draws all charts of a report. */
final class Charts {
    private Charts() {}

    /** The files of the charts, such as {@code wrong-per-digit.png}, with their keys in {@code files} of the report. */
    enum File {
        WRONG_PER_DIGIT("wrongPerDigit"),
        CONFUSION_BASE("confusionBase"),
        CONFUSION_LORA("confusionLora"),
        LOSS_BASE("lossBase"),
        LOSS_FINE_TUNE("lossFineTune"),
        EXAMPLES("examples");

        final String key;
        final String fileName = name().toLowerCase(Locale.ROOT).replace('_', '-') + ".png";

        File(String key) {
            this.key = key;
        }
    }

    /** Draws the charts for which there are numbers. On a machine without fonts it draws none and logs a warning. */
    static Map<File, Picture> draw(Report report, ChartData data) {
        Map<File, Picture> charts = new EnumMap<>(File.class);
        if (!ChartStyle.fontsAvailable()) {
            return charts;
        }
        charts.put(File.WRONG_PER_DIGIT, WrongPerDigitChart.draw(report));
        Report.Tests tests = report.tests();
        List<String> digits =
                IntStream.range(0, MnistData.CLASSES).mapToObj(String::valueOf).toList();
        int mostErrors = Math.max(tests.base().mostErrors(), tests.loraEnabled().mostErrors());
        ConfusionChart confusion =
                new ConfusionChart("The image shows", "The network predicts", digits, report.digits(), mostErrors);
        charts.put(File.CONFUSION_BASE, confusion.draw(errors("Base", tests.base()), tests.base(), ChartStyle.BASE));
        charts.put(
                File.CONFUSION_LORA,
                confusion.draw(errors("LoRA on", tests.loraEnabled()), tests.loraEnabled(), ChartStyle.LORA));
        if (anyFinite(data.baseLosses())) {
            String title = "Loss of the base training on all digits";
            charts.put(File.LOSS_BASE, LossChart.draw(title, data.baseLosses(), Map.of(), ChartStyle.BASE));
        }
        if (anyFinite(data.fineTuneLosses())) {
            String title = "Loss of the fine-tuning on " + report.digitWords();
            charts.put(File.LOSS_FINE_TUNE, LossChart.draw(title, data.fineTuneLosses(), Map.of(), ChartStyle.LORA));
        }
        charts.put(File.EXAMPLES, ExamplesChart.draw(data.fixed(), data.broken()));
        return charts;
    }

    /** Both matrices have the same scale of colors. */
    private static String errors(String name, TestResult result) {
        return name + ": " + ReportText.count(result.wrongTotal()) + " of " + ReportText.count(result.examples())
                + " wrong";
    }

    private static boolean anyFinite(List<Double> losses) {
        return losses.stream().anyMatch(Double::isFinite);
    }
}
