package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.lora4j.cli.language.LanguageResult;
import org.lora4j.cli.language.LanguageTask;
import org.lora4j.cli.language.LanguageTest;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.example.support.report.Html;
import org.lora4j.example.support.report.HtmlTable;
import org.lora4j.example.support.report.TextOutput;
import org.lora4j.example.support.report.Words;

/** What is said of a language model. */
public final class LanguagePage extends TaskPage {
    private final TrainingReport<LanguageResult> report;

    /**
     * Creates the words.
     *
     * @param report the numbers
     */
    public LanguagePage(TrainingReport<LanguageResult> report) {
        this.report = report;
    }

    private boolean learnedAnswers() {
        return report.result().kind() == LanguageTask.Kind.SFT;
    }

    @Override
    String headline() {
        return "An adapter for " + report.model();
    }

    @Override
    String lead() {
        return "The adapter learned "
                + (learnedAnswers() ? "the answers of conversations." : "plain text, packed in blocks.");
    }

    @Override
    String tiles() {
        LanguageTest before = report.result().before();
        LanguageTest after = report.result().after();
        return before == null || after == null
                ? ""
                : Html.tile(
                        Words.fixed(before.perplexity(), 2) + " → " + Words.fixed(after.perplexity(), 2),
                        "perplexity on the validation examples, model alone → with the adapter");
    }

    @Override
    String resultsTitle() {
        return "Perplexity on the validation examples";
    }

    @Override
    String results() {
        LanguageTest before = report.result().before();
        LanguageTest after = report.result().after();
        if (before == null || after == null) {
            return "<p>There were no validation examples, so nothing was measured.</p>";
        }
        HtmlTable table = new HtmlTable().header("Model", "Tokens", "Loss", "Perplexity");
        row(table, "Alone", before);
        row(table, "With the adapter", after);
        return table.html();
    }

    private static void row(HtmlTable table, String name, LanguageTest test) {
        table.row(name, Words.count(test.tokens()), Words.fixed(test.loss(), 4), Words.fixed(test.perplexity(), 3));
    }

    @Override
    String answers() {
        if (report.result().samples().isEmpty()) {
            return "";
        }
        return "<h2>Answers</h2>\n"
                + report.result().samples().stream()
                        .map(sample ->
                                "<div class=\"card\"><p>%s</p><p><strong>Expected:</strong> %s</p><p><strong>Model alone:</strong> %s</p><p><strong>With the adapter:</strong> %s</p></div>\n"
                                        .formatted(
                                                Html.escape(sample.prompt()),
                                                Html.escape(sample.expected()),
                                                Html.escape(sample.before()),
                                                Html.escape(sample.after())))
                        .collect(Collectors.joining());
    }

    @Override
    String pipeline() {
        return "text-generation";
    }

    @Override
    String about() {
        return "A LoRA adapter that learned " + (learnedAnswers() ? "the answers of conversations." : "plain text.");
    }

    @Override
    Map<String, String> measured() {
        Map<String, String> results = new LinkedHashMap<>();
        LanguageTest before = report.result().before();
        LanguageTest after = report.result().after();
        if (before != null && after != null) {
            results.put("perplexity of the model alone", Words.fixed(before.perplexity(), 3));
            results.put("perplexity with the adapter", Words.fixed(after.perplexity(), 3));
        }
        return results;
    }

    @Override
    String use(Path base, Path folder) {
        return ModelCard.command("generate", base, folder) + " --prompt '...'";
    }

    @Override
    void print(TextOutput out) {
        LanguageTest before = report.result().before();
        LanguageTest after = report.result().after();
        if (before != null && after != null) {
            out.fact("perplexity %.3f alone, %.3f with the adapter", before.perplexity(), after.perplexity());
        }
    }
}
