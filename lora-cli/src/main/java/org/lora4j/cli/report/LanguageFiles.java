package org.lora4j.cli.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.cli.language.LanguageReport;
import org.lora4j.cli.language.LanguageTask;
import org.lora4j.cli.language.LanguageTest;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.Words;

/** Writes what a training of a language model leaves for readers. */
public final class LanguageFiles {
    private LanguageFiles() {}

    /**
     * Writes the model card, the page and the numbers.
     *
     * @param folder the folder, which has the adapter
     * @param base the folder of the model
     * @param report the numbers
     * @return the report with all files
     * @throws IOException if a file cannot be written
     */
    public static LanguageReport write(RunFolder folder, Path base, LanguageReport report) throws IOException {
        Map<String, Picture> charts = Charts.loss(report.training());
        return TrainingFiles.write(
                folder,
                card(folder.path(), base, report),
                report::withFiles,
                complete -> new LanguagePage(complete, charts).html());
    }

    private static ModelCard card(Path folder, Path base, LanguageReport report) {
        Map<String, String> results = new LinkedHashMap<>();
        LanguageTest before = report.before();
        LanguageTest after = report.after();
        if (before != null && after != null) {
            results.put("perplexity of the model alone", Words.fixed(before.perplexity(), 3));
            results.put("perplexity with the adapter", Words.fixed(after.perplexity(), 3));
        }
        boolean answers = report.kind() == LanguageTask.Kind.SFT;
        return new ModelCard(
                report.model(),
                "text-generation",
                "An adapter for " + report.model(),
                "A LoRA adapter that learned " + (answers ? "the answers of conversations." : "plain text."),
                results,
                List.of("lora generate --model " + ModelCard.word(base) + " --adapter " + ModelCard.word(folder)
                        + " --prompt '...'"),
                report.settings());
    }
}
