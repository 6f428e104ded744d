package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Comparison;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.measure.PairedDifference;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.TextOutput;

/** What the terminal, the page and the model card say of a task. {@link TrainingFiles} writes what is the same for all tasks. */
public abstract class TaskPage {
    TaskPage() {}

    /** The headline, in plain text. */
    abstract String headline();

    /** What was trained: a sentence in plain text. */
    abstract String lead();

    /** The template of the page, beside this class: it says how the numbers are shown. */
    abstract String template();

    /** What the template needs beside the report. */
    Map<String, Object> values() {
        return Map.of();
    }

    /** What the examples that judge say; null if there were none. */
    abstract @Nullable Judgement judgement();

    /** The headline of the results, in plain text. */
    final String resultsTitle() {
        Judgement judgement = judgement();
        return judgement == null ? "Results" : "Results on " + judgement.examplesText();
    }

    /** The charts of the results. */
    Map<String, Picture> charts() {
        return Map.of();
    }

    /** The task as the hub names it, such as {@code text-classification}. */
    abstract String pipeline();

    /** What the adapter does, for the model card. */
    abstract String about();

    /** The numbers of the task for the model card, by name. */
    abstract Map<String, String> numbers();

    /** The results for the model card, by name. */
    final Map<String, String> measured() {
        Map<String, String> results = new LinkedHashMap<>();
        Judgement judgement = judgement();
        if (judgement != null) {
            Metric metric = judgement.metric();
            results.put(metric.words() + " on " + judgement.examplesText(), metric.text(judgement.value()));
            for (Comparison one : judgement.comparisons()) {
                results.put(metric.words() + " of " + one.baseline(), metric.text(one.value()));
                results.put("adapter against " + one.baseline(), text(metric, one.difference()));
            }
            results.put("verdict", (judgement.verdict() + " " + judgement.warning()).strip());
        }
        results.putAll(numbers());
        return results;
    }

    /** Returns a difference with its interval. */
    private static String text(Metric metric, PairedDifference difference) {
        String unit = metric.unit().isEmpty() ? "" : " " + metric.unit();
        return metric.difference(difference.difference()) + unit + " (95 %: " + metric.interval(difference) + ")";
    }

    /** A command line that uses the adapter. */
    abstract String use(Path base, Path folder);

    /** Prints the numbers of the task on the terminal. */
    abstract void printNumbers(TextOutput out);

    /** Prints the results on the terminal. */
    final void print(TextOutput out) {
        printNumbers(out);
        Judgement judgement = judgement();
        if (judgement == null) {
            return;
        }
        for (Comparison one : judgement.comparisons()) {
            out.fact("adapter against %s: %s", one.baseline(), text(judgement.metric(), one.difference()));
        }
        out.fact("measured on %s", judgement.examplesText());
        if (!judgement.warning().isEmpty()) {
            out.fact("%s", judgement.warning());
        }
        out.fact("%s", judgement.verdict());
        if (judgement.outcome() != Judgement.Outcome.BETTER) {
            out.fact("%s", Judgement.ADVICE);
        }
    }
}
