package org.lora4j.example.text.report;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.example.support.report.ComparisonTable;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.example.support.report.Words;
import org.lora4j.example.text.report.ClassifyReport.Passage;

/** The page of a run of {@code classify}, for readers who do not know the code, in one file. */
final class ClassifyPage {
    /** The page shows at most this many passages of a kind. */
    private static final int MOST_PASSAGES = 10;

    private final ClassifyReport report;
    private final PageParts parts;

    ClassifyPage(ClassifyReport report, Map<String, Picture> charts) {
        this.report = report;
        this.parts = new PageParts(charts);
    }

    String html() {
        Map<String, Phase> trainings = new LinkedHashMap<>();
        trainings.put("Classifier on the frozen encoder", report.frozenTraining());
        trainings.put("LoRA", report.loraTraining());
        Map<String, String> values =
                parts.values(report.base(), report.sizes(), trainings, report.settings(), report.files());
        values.put("texts", Html.escape(report.texts().title()));
        values.put("tiles", tiles());
        values.put("classes", Html.escape(Words.list(report.classNames())));
        values.put("train", Words.count(report.texts().train()));
        values.put("test", Words.count(report.texts().test()));
        values.put("meanTokens", Words.fixed(report.texts().meanTokens(), 1));
        values.put("comparison", ComparisonTable.html("Class", report.classNames(), List.of(), tests()));
        values.put("references", PageParts.references(report.references()));
        values.put("confusion", parts.figure(Charts.CONFUSION_FROZEN, "") + parts.figure(Charts.CONFUSION_LORA, ""));
        values.put("fixedCount", Words.count(report.fixed().size()));
        values.put("fixed", passages(report.fixed()));
        values.put("brokenCount", Words.count(report.broken().size()));
        values.put("broken", passages(report.broken()));
        return Html.page(
                "LoRA on text: " + report.texts().title(),
                PageParts.EXAMPLE,
                Html.fillTemplate(ClassifyPage.class, "classify.html", values));
    }

    private String tiles() {
        return Html.tile(
                        Words.fixed(100 * report.frozen().accuracy(), 1) + " → "
                                + Words.fixed(100 * report.lora().accuracy(), 1) + " %",
                        "accuracy, frozen encoder → with LoRA")
                + PageParts.tiles(report.base(), report.sizes(), report.loraTraining());
    }

    private Map<String, TestResult> tests() {
        Map<String, TestResult> tests = new LinkedHashMap<>();
        tests.put("Frozen", report.frozen());
        tests.put("LoRA", report.lora());
        tests.put("LoRA merged", report.merged());
        return tests;
    }

    private String passages(List<Passage> passages) {
        if (passages.isEmpty()) {
            return "<p>None.</p>";
        }
        return passages.stream()
                .limit(MOST_PASSAGES)
                .map(passage ->
                        "<div class=\"card\"><p><strong>%s</strong>: the frozen encoder says %s, LoRA says %s</p>%s</div>"
                                .formatted(
                                        name(passage.actual()),
                                        name(passage.frozen()),
                                        name(passage.lora()),
                                        Html.escape(passage.text())))
                .collect(Collectors.joining("\n"));
    }

    private String name(int index) {
        return Html.escape(report.classNames().get(index));
    }
}
