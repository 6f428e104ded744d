package org.lora4j.example.mnist.report;

import java.awt.font.FontRenderContext;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Draws all charts of a report. */
final class Charts {

    private static final Logger log = LoggerFactory.getLogger(Charts.class);

    private Charts() {}

    /** Draws what there is to show; nothing, with a warning, on a machine without fonts. */
    static Map<ChartFile, Picture> draw(Report report, Curves curves, List<Example> fixed, List<Example> broken) {
        Map<ChartFile, Picture> charts = new EnumMap<>(ChartFile.class);
        if (!fontsAvailable()) {
            return charts;
        }
        List<Integer> digits = report.digits();
        charts.put(ChartFile.WRONG_PER_DIGIT, WrongPerDigitChart.draw(report.beforeAndAfter(), digits));
        int mostErrors =
                Math.max(ConfusionChart.mostErrors(report.base()), ConfusionChart.mostErrors(report.loraEnabled()));
        charts.put(
                ChartFile.CONFUSION_BASE,
                ConfusionChart.draw(errors("Base", report.base()), report.base(), Palette.BASE, mostErrors, digits));
        charts.put(
                ChartFile.CONFUSION_LORA,
                ConfusionChart.draw(
                        errors("LoRA on", report.loraEnabled()),
                        report.loraEnabled(),
                        Palette.LORA,
                        mostErrors,
                        digits));
        if (anyFinite(curves.base())) {
            charts.put(
                    ChartFile.LOSS_BASE,
                    LossChart.draw("Loss of the base training, all digits", curves.base(), Palette.BASE));
        }
        if (anyFinite(curves.fineTune())) {
            charts.put(
                    ChartFile.LOSS_FINE_TUNE,
                    LossChart.draw(
                            "Loss of the fine-tuning on " + Words.digits(digits) + ", LoRA alone",
                            curves.fineTune(),
                            Palette.LORA));
        }
        charts.put(ChartFile.EXAMPLES, ExamplesChart.draw(fixed, broken));
        return charts;
    }

    private static String errors(String name, TestResult result) {
        return name + ": " + Words.count(result.wrongTotal()) + " of " + Words.count(result.images())
                + " answers wrong";
    }

    private static boolean anyFinite(double[] losses) {
        return Arrays.stream(losses).anyMatch(Double::isFinite);
    }

    /** A small container may have no fonts at all, and Java then cannot write a word on a picture. */
    private static boolean fontsAvailable() {
        try {
            return Palette.TEXT
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
