package org.lora4j.cli.report;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.cli.train.SkippedLines;
import org.lora4j.cli.train.TaskPage;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.report.Page;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportFiles;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;

/** Writes the model card, the page and the numbers of a training. */
public final class TrainingFiles {
    private static final String HISTORY = "history.csv";

    private TrainingFiles() {}

    /**
     * Writes the files.
     *
     * @param folder the folder, which has the adapter
     * @param base the folder of the model
     * @param report the numbers
     * @param task what the files say of the task
     * @param <R> what the task measures
     * @return the numbers with all files
     * @throws IOException if a file cannot be written
     */
    public static <R extends TaskResult> TrainingReport<R> write(
            RunFolder folder, Path base, TrainingReport<R> report, TaskPage task) throws IOException {
        return folder.write("the report in " + folder.path(), () -> {
            ModelCard.write(folder.path(), base, report, task);
            folder.add("card", ModelCard.NAME);
            ReportFiles.replace(
                    folder.path().resolve(HISTORY), report.training().csv().getBytes(StandardCharsets.UTF_8));
            folder.add("history", HISTORY);
            Map<String, String> files = folder.files();
            files.remove("checkpoint");
            files.put("page", ReportFiles.PAGE);
            files.put("report", ReportFiles.JSON);
            TrainingReport<R> complete = report.withFiles(files);
            Map<String, Picture> charts = new LinkedHashMap<>(report.result().charts());
            charts.putAll(Charts.loss(report.training()));
            ReportFiles.write(
                    folder.path(), Map.<String, Optional<Picture>>of(), page(complete, task, charts), complete);
            return complete;
        });
    }

    static String page(TrainingReport<?> report, TaskPage task, Map<String, Picture> charts) {
        Map<String, Object> values = new HashMap<>();
        Judgement judgement = report.result().judgement();
        if (judgement != null) {
            values.put("judgement", judgement);
        }
        values.put("report", report);
        values.put("headline", task.headline());
        values.put("lead", task.lead());
        values.put("charts", charts);
        return Page.of(TrainingFiles.class, task.template(), values);
    }

    /**
     * Prints a report on the terminal.
     *
     * @param out where
     * @param folder the folder of the files
     * @param report the numbers
     */
    public static void print(TextOutput out, Path folder, TrainingReport<?> report) {
        Double loss = report.training().loss();
        if (loss != null) {
            out.fact(
                    "%s in %.1f s; mean loss of the last %s: %.4f",
                    ReportText.count(report.training().steps(), "step"),
                    report.training().seconds(),
                    ReportText.count(report.training().lossSteps()),
                    loss);
        }
        String copies = report.sizes().copies().text();
        if (!copies.isEmpty()) {
            out.fact("%s", copies);
        }
        skipped(out, report.skipped());
        unlearnable(out, report.sizes().unlearnable());
        report.result().print(out);
        Judgement judgement = report.result().judgement();
        if (judgement != null) {
            judgement.print(out);
        }
        out.files(folder, report.files());
    }

    /**
     * Says how many lines were left out.
     *
     * @param out where
     * @param skipped what was wrong with each
     */
    public static void skipped(TextOutput out, List<String> skipped) {
        if (!skipped.isEmpty()) {
            out.fact("%s", SkippedLines.describe(skipped));
        }
    }

    /**
     * Says how many examples were left out because no answer to learn was left after the cut.
     *
     * @param out where
     * @param examples their number
     */
    public static void unlearnable(TextOutput out, int examples) {
        if (examples > 0) {
            out.fact(
                    "%s left out: no answer with a weight was left after the cut; set more --max-tokens",
                    ReportText.count(examples, "example") + (examples == 1 ? " was" : " were"));
        }
    }
}
