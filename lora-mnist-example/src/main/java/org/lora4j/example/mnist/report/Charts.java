package org.lora4j.example.mnist.report;

import java.awt.font.FontRenderContext;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Draws all charts of a report. */
final class Charts {
    private static final Logger log = LoggerFactory.getLogger(Charts.class);

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
        if (!fontsAvailable()) {
            return charts;
        }
        List<Integer> digits = report.digits();
        charts.put(File.WRONG_PER_DIGIT, WrongPerDigitChart.draw(report.beforeAndAfter(), digits));
        int mostErrors =
                Math.max(ConfusionChart.mostErrors(report.base()), ConfusionChart.mostErrors(report.loraEnabled()));
        charts.put(
                File.CONFUSION_BASE,
                ConfusionChart.draw(errors("Base", report.base()), report.base(), ChartStyle.BASE, mostErrors, digits));
        charts.put(
                File.CONFUSION_LORA,
                ConfusionChart.draw(
                        errors("LoRA on", report.loraEnabled()),
                        report.loraEnabled(),
                        ChartStyle.LORA,
                        mostErrors,
                        digits));
        if (anyFinite(data.baseLosses())) {
            charts.put(
                    File.LOSS_BASE,
                    LossChart.draw("Loss of the base training on all digits", data.baseLosses(), ChartStyle.BASE));
        }
        if (anyFinite(data.fineTuneLosses())) {
            charts.put(
                    File.LOSS_FINE_TUNE,
                    LossChart.draw(
                            "Loss of the fine-tuning on " + Words.digits(digits),
                            data.fineTuneLosses(),
                            ChartStyle.LORA));
        }
        charts.put(File.EXAMPLES, ExamplesChart.draw(data.fixed(), data.broken()));
        return charts;
    }

    private static String errors(String name, TestResult result) {
        return name + ": " + Words.count(result.wrongTotal()) + " of " + Words.count(result.images()) + " wrong";
    }

    private static boolean anyFinite(List<Double> losses) {
        return losses.stream().anyMatch(Double::isFinite);
    }

    /** A small container can have no fonts at all; Java cannot draw text then. */
    private static boolean fontsAvailable() {
        try {
            return ChartStyle.TEXT
                            .getStringBounds("0", new FontRenderContext(null, true, true))
                            .getWidth()
                    > 0;
        } catch (RuntimeException | LinkageError | InternalError e) {
            log.warn("No charts: Java finds no fonts here. On Debian, apt-get install fontconfig fonts-dejavu-core");
            log.debug("Fonts could not be loaded", e);
            return false;
        }
    }
}
