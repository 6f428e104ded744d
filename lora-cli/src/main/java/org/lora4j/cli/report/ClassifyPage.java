package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifyResult;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.support.report.Words;

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

    private @Nullable ClassMetrics baseline() {
        return report.result().baseline();
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
    String resultsTitle() {
        return "Results on the validation texts";
    }

    @Override
    Map<String, Picture> charts() {
        ClassMetrics metrics = metrics();
        return metrics == null ? Map.of() : Charts.confusion(metrics);
    }

    @Override
    String pipeline() {
        return "text-classification";
    }

    @Override
    String about() {
        List<String> names = report.result().classes().stream()
                .map(ClassifyResult.ClassCount::name)
                .toList();
        String head = "mean".equals(report.settings().get("head"))
                ? " The classifier reads the mean over the tokens; the classes of `transformers` read the first token, so"
                        + " there this adapter needs such a head."
                : "";
        return "A LoRA adapter with a classifier of " + names.size() + " classes: " + Words.list(names) + "." + head;
    }

    @Override
    Map<String, String> measured() {
        Map<String, String> results = new LinkedHashMap<>();
        ClassMetrics metrics = metrics();
        if (metrics != null) {
            results.put(
                    "accuracy on " + Words.count(metrics.texts()) + " validation texts",
                    Words.percent(metrics.accuracy()));
            results.put("macro-F1", Words.fixed(metrics.macroF1(), 4));
        }
        return results;
    }

    @Override
    String use(Path base, Path folder) {
        return ModelCard.command("predict", base, folder) + " --data texts.csv --text "
                + ModelCard.word(report.settings().getOrDefault("text", "text")) + " --output predicted.csv";
    }

    @Override
    void print(TextOutput out) {
        ClassMetrics baseline = baseline();
        if (baseline != null) {
            out.fact("frozen encoder: accuracy %.2f %%, macro-F1 %.4f", 100 * baseline.accuracy(), baseline.macroF1());
        }
        ClassMetrics metrics = metrics();
        if (metrics != null) {
            out.fact("adapter:        accuracy %.2f %%, macro-F1 %.4f", 100 * metrics.accuracy(), metrics.macroF1());
            if (baseline != null && metrics.accuracy() <= baseline.accuracy()) {
                out.fact("The adapter is not better than the frozen encoder. Train longer with --epochs, or let"
                        + " --find-rate find a better --rate.");
            }
        }
    }
}
