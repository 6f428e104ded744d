package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifyResult;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.support.report.Words;

/** What is said of a classifier. */
public final class ClassifyPage extends TaskPage {
    private static final int MOST_TEXTS = 10;

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
    String headline() {
        return "A classifier on " + report.model();
    }

    @Override
    String lead() {
        return "An adapter and a classifier were trained.";
    }

    @Override
    String tiles() {
        ClassMetrics metrics = metrics();
        ClassMetrics baseline = baseline();
        if (metrics == null) {
            return "";
        }
        return Html.tile(
                        (baseline == null ? "" : Words.fixed(100 * baseline.accuracy(), 1) + " → ")
                                + Words.fixed(100 * metrics.accuracy(), 1) + " %",
                        baseline == null
                                ? "accuracy on the validation texts"
                                : "accuracy on the validation texts, frozen encoder → adapter")
                + Html.tile(Words.fixed(metrics.macroF1(), 3), "macro-F1");
    }

    @Override
    String resultsTitle() {
        return "Results on the validation texts";
    }

    @Override
    String results() {
        ClassMetrics metrics = metrics();
        if (metrics == null) {
            return "<p>There were no validation texts, so nothing was measured. Test the adapter with"
                    + " <code>lora evaluate</code>.</p>";
        }
        HtmlTable table = new HtmlTable().header("Class", "Texts", "Precision", "Recall", "F1");
        metrics.classes()
                .forEach(c -> table.row(
                        c.name(),
                        Words.count(c.texts()),
                        Words.fixed(c.precision(), 3),
                        Words.fixed(c.recall(), 3),
                        Words.fixed(c.f1(), 3)));
        return table.html();
    }

    @Override
    Map<String, Picture> charts() {
        ClassMetrics metrics = metrics();
        return metrics == null ? Map.of() : Charts.confusion(metrics);
    }

    @Override
    String examples() {
        HtmlTable table = new HtmlTable().header("Class", "Training", "Validation");
        report.result()
                .classes()
                .forEach(c -> table.row(c.name(), Words.count(c.train()), Words.count(c.validation())));
        return "<h2>The texts</h2>\n" + table.html() + "\n<p>"
                + Words.count(report.sizes().tokens()) + " tokens for training. "
                + Words.count(report.sizes().cut())
                + " texts have as many tokens as a text may have; they may be cut.</p>";
    }

    @Override
    String answers() {
        if (baseline() == null) {
            return "";
        }
        return "<h2>Texts that the adapter fixed</h2>\n<p>A linear classifier on the frozen encoder has them wrong, the"
                + " adapter right. At most ten are shown.</p>\n"
                + texts(report.result().fixed())
                + "<h2>Texts that the adapter broke</h2>\n<p>The other way round.</p>\n"
                + texts(report.result().broken());
    }

    private static String texts(List<ClassifyResult.Changed> changed) {
        if (changed.isEmpty()) {
            return "<p>None.</p>\n";
        }
        return changed.stream()
                .limit(MOST_TEXTS)
                .map(text ->
                        "<div class=\"card\"><p><strong>%s</strong>: the frozen encoder says %s, the adapter %s</p>%s</div>\n"
                                .formatted(
                                        Html.escape(text.actual()),
                                        Html.escape(text.before()),
                                        Html.escape(text.after()),
                                        Html.escape(text.text())))
                .collect(Collectors.joining());
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
        }
    }
}
