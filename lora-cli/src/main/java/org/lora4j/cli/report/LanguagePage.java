package org.lora4j.cli.report;

import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.cli.language.LanguageReport;
import org.lora4j.cli.language.LanguageTask;
import org.lora4j.cli.language.LanguageTest;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.Words;

/** The page of a training of a language model, in one file. */
final class LanguagePage {
    private final LanguageReport report;
    private final Map<String, Picture> charts;

    LanguagePage(LanguageReport report, Map<String, Picture> charts) {
        this.report = report;
        this.charts = charts;
    }

    String html() {
        Map<String, String> values = new HashMap<>();
        values.put("model", Html.escape(report.model()));
        values.put(
                "learned",
                report.kind() == LanguageTask.Kind.SFT
                        ? "the answers of conversations"
                        : "plain text, packed in blocks");
        values.put("tiles", tiles());
        values.put("perplexity", perplexity());
        values.put(
                "loss",
                PageParts.figure(
                        charts, Charts.LOSS, "Each dot is one step. The validation is computed after each epoch."));
        values.put("chartNote", Html.chartNote(charts.size()));
        values.put("training", PageParts.training(report.training()));
        values.put("samples", samples());
        values.put("skipped", PageParts.skipped(report.skipped()));
        values.put("settings", HtmlTable.of("Setting", "Value", report.settings()));
        values.put("files", HtmlTable.of("What", "File", report.files()));
        return Html.page(
                "Adapter for " + report.model(),
                PageParts.PROGRAM,
                Html.fillTemplate(LanguagePage.class, "language.html", values));
    }

    private String tiles() {
        LanguageTest before = report.before();
        LanguageTest after = report.after();
        String tiles = before == null || after == null
                ? ""
                : Html.tile(
                        Words.fixed(before.perplexity(), 2) + " → " + Words.fixed(after.perplexity(), 2),
                        "perplexity on the validation examples, model alone → with the adapter");
        return tiles
                + Html.tile(
                        Words.count(report.sizes().trainable()),
                        "trained parameters, beside "
                                + Words.count(report.sizes().frozen()) + " of the model")
                + Html.tile(
                        Words.duration(report.training().seconds()),
                        "for " + Words.count(report.training().steps()) + " steps");
    }

    private String perplexity() {
        LanguageTest before = report.before();
        LanguageTest after = report.after();
        if (before == null || after == null) {
            return "<p>There were no validation examples, so nothing was measured.</p>";
        }
        return new HtmlTable()
                .header("Model", "Tokens", "Loss", "Perplexity")
                .row(
                        "Alone",
                        Words.count(before.tokens()),
                        Words.fixed(before.loss(), 4),
                        Words.fixed(before.perplexity(), 3))
                .row(
                        "With the adapter",
                        Words.count(after.tokens()),
                        Words.fixed(after.loss(), 4),
                        Words.fixed(after.perplexity(), 3))
                .html();
    }

    private String samples() {
        if (report.samples().isEmpty()) {
            return "";
        }
        return "<h2>Answers</h2>\n"
                + report.samples().stream()
                        .map(sample ->
                                "<div class=\"card\"><p>%s</p><p><strong>Expected:</strong> %s</p><p><strong>Model alone:</strong> %s</p><p><strong>With the adapter:</strong> %s</p></div>\n"
                                        .formatted(
                                                Html.escape(sample.prompt()),
                                                Html.escape(sample.expected()),
                                                Html.escape(sample.before()),
                                                Html.escape(sample.after())))
                        .collect(Collectors.joining());
    }
}
