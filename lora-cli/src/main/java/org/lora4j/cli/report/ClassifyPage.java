package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifyResult;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.metrics.Calibration;

/** What is said of a classifier. */
public final class ClassifyPage extends TaskPage {
    private final TrainingReport<ClassifyResult> report;

    /**
     * Creates the words.
     *
     * @param report the numbers
     */
    public ClassifyPage(TrainingReport<ClassifyResult> report) {
        this.report = report;
    }

    private @Nullable ClassMetrics metrics() {
        return report.result().metrics();
    }

    @Override
    String template() {
        return "classify.ftlh";
    }

    @Override
    String headline() {
        return "A classifier on " + report.model();
    }

    @Override
    String lead() {
        return "An adapter and a classifier were trained.";
    }

    @Override
    @Nullable
    Judgement judgement() {
        return report.result().judgement();
    }

    @Override
    Map<String, Picture> charts() {
        Map<String, Picture> charts = new LinkedHashMap<>();
        ClassMetrics metrics = metrics();
        if (metrics != null) {
            charts.putAll(Charts.confusion(metrics));
        }
        charts.putAll(Charts.calibration(report.result().calibration(), "predictions that are right"));
        return charts;
    }

    @Override
    String pipeline() {
        return "text-classification";
    }

    @Override
    String about() {
        List<String> names = report.result().classes().stream()
                .map(ClassifyResult.ClassCount::name)
                .map(Markdown::escaped)
                .toList();
        String head = "mean".equals(report.settings().get("head"))
                ? " The classifier reads the mean over the tokens; the classes of `transformers` read the first token, so"
                        + " there this adapter needs such a head."
                : "";
        return "A LoRA adapter with a classifier of " + ReportText.count(names.size(), "class") + ": "
                + ReportText.list(names) + "." + head;
    }

    @Override
    Map<String, String> numbers() {
        Map<String, String> results = new LinkedHashMap<>();
        ClassMetrics metrics = metrics();
        if (metrics != null) {
            results.put("macro-F1", ReportText.fixed(metrics.macroF1(), 4));
        }
        Calibration calibration = report.result().calibration();
        if (calibration != null) {
            results.put("expected calibration error", ReportText.fixed(calibration.expectedError(), 4));
        }
        return results;
    }

    @Override
    String use(Path base, Path folder) {
        return ModelCard.command("predict", base, folder) + " --data texts.csv --text "
                + ModelCard.word(report.settings().getOrDefault("text", "text")) + " --output predicted.csv";
    }

    @Override
    void printNumbers(TextOutput out) {
        line(out, "word counts", report.result().words());
        line(out, "frozen model", report.result().baseline());
        line(out, "adapter", metrics());
        Calibration calibration = report.result().calibration();
        if (calibration != null) {
            out.fact("expected calibration error %.4f", calibration.expectedError());
        }
    }

    private static void line(TextOutput out, String name, @Nullable ClassMetrics metrics) {
        if (metrics != null) {
            out.fact("%-15s accuracy %.2f %%, macro-F1 %.4f", name + ":", 100 * metrics.accuracy(), metrics.macroF1());
        }
    }
}
