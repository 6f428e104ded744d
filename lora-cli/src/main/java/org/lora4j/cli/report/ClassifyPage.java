package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifyResult;
import org.lora4j.cli.classify.PairedDifference;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;

/** What is said of a classifier. */
public final class ClassifyPage extends TaskPage {
    private static final String FROZEN = "frozen model";
    private static final String WORDS = "word counts";
    private static final String CHOSE =
            ", which also chose the epoch: the numbers of the adapter are a little too good; --test holds out others";

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

    private boolean isTested() {
        return ClassifyResult.TEST.equals(report.result().measuredOn());
    }

    private String texts() {
        return isTested() ? "test text" : "validation text";
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
        return "Results on the " + texts() + "s";
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
    Map<String, String> measured() {
        Map<String, String> results = new LinkedHashMap<>();
        ClassMetrics metrics = metrics();
        if (metrics != null) {
            results.put(
                    "accuracy on " + ReportText.count(metrics.texts(), texts()),
                    ReportText.percent(metrics.accuracy()));
            results.put("macro-F1", ReportText.fixed(metrics.macroF1(), 4));
            comparisons()
                    .forEach((name, difference) -> results.put("accuracy, adapter minus " + name, text(difference)));
        }
        return results;
    }

    @Override
    String use(Path base, Path folder) {
        return ModelCard.command("predict", base, folder) + " --data texts.csv --text "
                + ModelCard.word(report.settings().getOrDefault("text", "text")) + " --output predicted.csv";
    }

    @Override
    Map<String, Object> values() {
        Map<String, String> words = new LinkedHashMap<>();
        comparisons().forEach((name, difference) -> words.put(name, text(difference)));
        return Map.of("tested", isTested(), "comparisons", words);
    }

    /** The differences by what the adapter is compared with. */
    private Map<String, PairedDifference> comparisons() {
        Map<String, PairedDifference> all = new LinkedHashMap<>();
        put(all, FROZEN, report.result().overBaseline());
        put(all, WORDS, report.result().overWords());
        return all;
    }

    private static void put(Map<String, PairedDifference> all, String name, @Nullable PairedDifference difference) {
        if (difference != null) {
            all.put(name, difference);
        }
    }

    /** Returns a difference in percentage points with its interval, and what it shows. */
    private static String text(PairedDifference difference) {
        return "%s points (95 %%: %s to %s)%s"
                .formatted(
                        points(difference.difference()),
                        points(difference.low()),
                        points(difference.high()),
                        difference.isFound() ? "" : "; no difference was found");
    }

    private static String points(double share) {
        return ReportText.signed(100 * share, 1);
    }

    @Override
    void print(TextOutput out) {
        ClassMetrics metrics = report.result().metrics();
        if (metrics == null) {
            return;
        }
        line(out, WORDS, report.result().words());
        line(out, FROZEN, report.result().baseline());
        line(out, "adapter", metrics);
        comparisons().forEach((name, difference) -> out.fact("adapter minus %s: %s", name, text(difference)));
        out.fact("measured on %s%s", ReportText.count(metrics.texts(), texts()), isTested() ? "" : CHOSE);
        if (comparisons().values().stream().anyMatch(difference -> difference.low() <= 0)) {
            out.fact(
                    "The texts do not show that the adapter is worth it. Train longer with --epochs, let --find-rate find"
                            + " a better --rate, or measure on more texts with --test.");
        }
    }

    private static void line(TextOutput out, String name, @Nullable ClassMetrics metrics) {
        if (metrics != null) {
            out.fact("%-15s accuracy %.2f %%, macro-F1 %.4f", name + ":", 100 * metrics.accuracy(), metrics.macroF1());
        }
    }
}
