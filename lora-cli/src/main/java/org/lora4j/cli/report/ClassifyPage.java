package org.lora4j.cli.report;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifyReport;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.Words;

/** The page of a training of a classifier, in one file. */
final class ClassifyPage {
    private static final int MOST_TEXTS = 10;

    private final ClassifyReport report;
    private final Map<String, Picture> charts;

    ClassifyPage(ClassifyReport report, Map<String, Picture> charts) {
        this.report = report;
        this.charts = charts;
    }

    String html() {
        Map<String, String> values = new HashMap<>();
        values.put("model", Html.escape(report.model()));
        values.put("tiles", tiles());
        values.put("metrics", metrics());
        values.put("confusion", PageParts.figure(charts, Charts.CONFUSION, ""));
        values.put(
                "loss",
                PageParts.figure(
                        charts, Charts.LOSS, "Each dot is one step. The validation is computed after each epoch."));
        values.put("chartNote", Html.chartNote(charts.size()));
        values.put("training", PageParts.training(report.training()));
        values.put("classes", classes());
        values.put("changed", changed());
        values.put("skipped", PageParts.skipped(report.skipped()));
        values.put("settings", HtmlTable.of("Setting", "Value", report.settings()));
        values.put("files", HtmlTable.of("What", "File", report.files()));
        return Html.page(
                "Classifier on " + report.model(),
                PageParts.PROGRAM,
                Html.fillTemplate(ClassifyPage.class, "classify.html", values));
    }

    private String tiles() {
        ClassMetrics metrics = report.metrics();
        ClassMetrics baseline = report.baseline();
        String tiles = metrics == null
                ? ""
                : Html.tile(
                                (baseline == null ? "" : Words.fixed(100 * baseline.accuracy(), 1) + " → ")
                                        + Words.fixed(100 * metrics.accuracy(), 1) + " %",
                                baseline == null
                                        ? "accuracy on the validation texts"
                                        : "accuracy on the validation texts, frozen encoder → adapter")
                        + Html.tile(Words.fixed(metrics.macroF1(), 3), "macro-F1");
        return tiles
                + Html.tile(
                        Words.count(report.sizes().trainable()),
                        "trained parameters, beside "
                                + Words.count(report.sizes().frozen()) + " of the model")
                + Html.tile(
                        Words.duration(report.training().seconds()),
                        "for " + Words.count(report.training().steps()) + " steps");
    }

    private String metrics() {
        ClassMetrics metrics = report.metrics();
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

    private String classes() {
        HtmlTable table = new HtmlTable().header("Class", "Training", "Validation");
        report.classes().forEach(c -> table.row(c.name(), Words.count(c.train()), Words.count(c.validation())));
        return table.html() + "\n<p>" + Words.count(report.sizes().tokens()) + " tokens for training. "
                + Words.count(report.sizes().cut())
                + " texts have as many tokens as a text may have; they may be cut.</p>";
    }

    private String changed() {
        @Nullable ClassMetrics baseline = report.baseline();
        if (baseline == null) {
            return "";
        }
        return "<h2>Texts that the adapter fixed</h2>\n<p>A linear classifier on the frozen encoder has them wrong, the"
                + " adapter right. At most ten are shown.</p>\n" + texts(report.fixed())
                + "<h2>Texts that the adapter broke</h2>\n<p>The other way round.</p>\n" + texts(report.broken());
    }

    private static String texts(List<ClassifyReport.Changed> changed) {
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
}
