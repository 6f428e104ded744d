package org.lora4j.example.text.report;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.Words;
import org.lora4j.example.text.report.StoryReport.Perplexities;

/** The page of a run of {@code story}, for readers who do not know the code, in one file. */
final class StoryPage {
    private final StoryReport report;
    private final PageParts parts;

    StoryPage(StoryReport report, Map<String, Picture> charts) {
        this.report = report;
        this.parts = new PageParts(charts);
    }

    String html() {
        Map<String, Phase> trainings = new LinkedHashMap<>();
        Phase baseTraining = report.baseTraining();
        if (baseTraining != null) {
            trainings.put("All weights, on the speeches before 1946", baseTraining);
        }
        trainings.put("LoRA, on the speeches since 1946", report.training());
        Map<String, String> values =
                parts.values(report.base(), report.sizes(), trainings, report.settings(), report.files());
        values.put("model", Html.escape(report.model()));
        values.put("origin", baseTraining == null ? "It was read from a folder." : "It was trained in this run.");
        values.put("trainTokens", Words.count(report.trainTokens()));
        values.put("tiles", tiles());
        values.put("comparison", comparison());
        values.put("samples", samples());
        values.put("references", PageParts.references(report.references()));
        return Html.page(
                "LoRA on a language model",
                PageParts.EXAMPLE,
                Html.fillTemplate(StoryPage.class, "story.html", values));
    }

    private String tiles() {
        return Html.tile(
                        Words.fixed(report.before().newSpeeches(), 1) + " → "
                                + Words.fixed(report.after().newSpeeches(), 1),
                        "perplexity on speeches since 1946, without → with LoRA; lower is better")
                + PageParts.tiles(report.base(), report.sizes(), report.training());
    }

    private String comparison() {
        return new HtmlTable()
                .header("Model", "Speeches before 1946", "Speeches since 1946")
                .row("Base", number(report.before(), true), number(report.before(), false))
                .row("With LoRA", number(report.after(), true), number(report.after(), false))
                .html();
    }

    private static String number(Perplexities perplexities, boolean ofOld) {
        return Words.fixed(ofOld ? perplexities.oldSpeeches() : perplexities.newSpeeches(), 1);
    }

    private String samples() {
        return report.samples().stream()
                .map(sample -> "<h3>%s …</h3>%n<div class=\"pair\">%n%s%s</div>"
                        .formatted(
                                Html.escape(sample.words()), card("Base", sample.base()), card("LoRA", sample.lora())))
                .collect(Collectors.joining("\n"));
    }

    private static String card(String name, String text) {
        return "<div class=\"card\"><p><strong>%s</strong></p><p>%s</p></div>%n".formatted(name, Html.escape(text));
    }
}
