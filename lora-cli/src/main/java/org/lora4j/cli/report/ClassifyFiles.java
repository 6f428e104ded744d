package org.lora4j.cli.report;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.cli.classify.ClassMetrics;
import org.lora4j.cli.classify.ClassifyReport;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.report.Picture;
import org.lora4j.example.support.report.Words;

/** Writes what a training of a classifier leaves for readers. */
public final class ClassifyFiles {
    private ClassifyFiles() {}

    /**
     * Writes the model card, the page and the numbers.
     *
     * @param folder the folder, which has the adapter
     * @param base the folder of the model
     * @param report the numbers
     * @return the report with all files
     * @throws IOException if a file cannot be written
     */
    public static ClassifyReport write(RunFolder folder, Path base, ClassifyReport report) throws IOException {
        Map<String, Picture> charts = new LinkedHashMap<>(Charts.loss(report.training()));
        ClassMetrics metrics = report.metrics();
        if (metrics != null) {
            charts.putAll(Charts.confusion(metrics));
        }
        return TrainingFiles.write(
                folder,
                card(folder.path(), base, report),
                report::withFiles,
                complete -> new ClassifyPage(complete, charts).html());
    }

    private static ModelCard card(Path folder, Path base, ClassifyReport report) {
        Map<String, String> results = new LinkedHashMap<>();
        ClassMetrics metrics = report.metrics();
        if (metrics != null) {
            results.put(
                    "accuracy on " + Words.count(metrics.texts()) + " validation texts",
                    Words.percent(metrics.accuracy()));
            results.put("macro-F1", Words.fixed(metrics.macroF1(), 4));
        }
        List<String> names =
                report.classes().stream().map(ClassifyReport.ClassCount::name).toList();
        String head = "mean".equals(report.settings().get("head"))
                ? " The classifier reads the mean over the tokens; the classes of `transformers` read the first token, so"
                        + " there this adapter needs such a head."
                : "";
        return new ModelCard(
                report.model(),
                "text-classification",
                "A classifier on " + report.model(),
                "A LoRA adapter with a classifier of " + names.size() + " classes: " + Words.list(names) + "." + head,
                results,
                List.of("lora predict --model " + ModelCard.word(base) + " --adapter " + ModelCard.word(folder)
                        + " --data texts.csv --text "
                        + ModelCard.word(report.settings().getOrDefault("text", "text"))
                        + " --output predicted.csv"),
                report.settings());
    }
}
