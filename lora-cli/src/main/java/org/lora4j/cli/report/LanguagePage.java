package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.language.LanguageResult;
import org.lora4j.cli.language.LanguageTask;
import org.lora4j.cli.language.LanguageTest;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;

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
    String template() {
        return "language.ftlh";
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
    @Nullable
    Judgement judgement() {
        return report.result().judgement();
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
    Map<String, String> numbers() {
        Map<String, String> results = new LinkedHashMap<>();
        LanguageTest before = report.result().before();
        LanguageTest after = report.result().after();
        if (before != null && after != null) {
            results.put("perplexity of the model alone", ReportText.fixed(before.perplexity(), 3));
            results.put("perplexity with the adapter", ReportText.fixed(after.perplexity(), 3));
        }
        return results;
    }

    @Override
    String use(Path base, Path folder) {
        return ModelCard.command("generate", base, folder) + " --prompt '...'";
    }

    @Override
    void printNumbers(TextOutput out) {
        LanguageTest before = report.result().before();
        LanguageTest after = report.result().after();
        if (before != null && after != null) {
            out.fact("perplexity %.3f alone, %.3f with the adapter", before.perplexity(), after.perplexity());
        }
        LanguageTest frequencies = report.result().frequencies();
        if (frequencies != null) {
            out.fact("perplexity %.3f of the frequencies of tokens alone", frequencies.perplexity());
        }
        int divided = report.result().divided();
        if (divided > 0) {
            out.fact(
                    "%s learned answer by answer: the chat template writes an answer in another way when others follow",
                    ReportText.count(divided, "conversation") + (divided == 1 ? " was" : " were"));
        }
    }
}
