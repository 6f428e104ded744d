package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.language.PreferenceResult;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.train.PreferenceLoss;

/** What is said of a training on preferences. */
public final class PreferencePage extends TaskPage {
    private final TrainingReport<PreferenceResult> report;

    /**
     * Creates the words.
     *
     * @param report the numbers
     */
    public PreferencePage(TrainingReport<PreferenceResult> report) {
        this.report = report;
    }

    @Override
    String template() {
        return "preference.ftlh";
    }

    @Override
    String headline() {
        return "An adapter for " + report.model();
    }

    @Override
    String lead() {
        return "The adapter learned from pairs to prefer one of two answers (DPO).";
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
        return "A LoRA adapter that learned from pairs to prefer one of two answers (DPO).";
    }

    @Override
    Map<String, String> numbers() {
        Map<String, String> results = new LinkedHashMap<>();
        add(results, "training pairs", report.result().trainingPairs());
        add(results, "pairs that were held out", report.result().heldPairs());
        return results;
    }

    private static void add(Map<String, String> results, String pairs, PreferenceLoss.@Nullable Metrics metrics) {
        if (metrics != null) {
            results.put("accuracy on " + pairs, ReportText.percent(metrics.accuracy()));
            results.put("margin on " + pairs, ReportText.fixed(metrics.margin(), 3));
        }
    }

    @Override
    String use(Path base, Path folder) {
        return ModelCard.command("generate", base, folder) + " --prompt '...'";
    }

    @Override
    void printNumbers(TextOutput out) {
        print(out, "training", report.result().trainingPairs());
        print(out, "held out", report.result().heldPairs());
    }

    private static void print(TextOutput out, String what, PreferenceLoss.@Nullable Metrics metrics) {
        if (metrics != null) {
            out.fact(
                    "%s, %s: loss %.4f, accuracy %s, margin %.4f, reward %.4f chosen and %.4f rejected",
                    what,
                    ReportText.count(metrics.pairs(), "pair"),
                    metrics.loss(),
                    ReportText.percent(metrics.accuracy()),
                    metrics.margin(),
                    metrics.chosenReward(),
                    metrics.rejectedReward());
        }
    }
}
