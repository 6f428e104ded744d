package org.lora4j.cli.language;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.train.PreferenceLoss;

/**
 * How far the trained adapter prefers the chosen answers, beside the reference.
 *
 * @param judgement the accuracy beside that of rules without a model; null if no pair was held out
 * @param trainingPairs on pairs of the training: all, or 1,000 at equal distances
 * @param heldPairs on the pairs that judge; null if none was held out
 * @param forgetting what the adapter costs on other texts; null if none were given
 */
public record PreferenceResult(
        @Nullable Judgement judgement,
        PreferenceLoss.Metrics trainingPairs,
        PreferenceLoss.@Nullable Metrics heldPairs,
        @Nullable Forgetting forgetting)
        implements TaskResult {
    @Override
    public Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        add(numbers, "training pairs", trainingPairs);
        add(numbers, "pairs that were held out", heldPairs);
        if (forgetting != null) {
            numbers.putAll(forgetting.numbers());
        }
        return numbers;
    }

    private static void add(Map<String, String> numbers, String pairs, PreferenceLoss.@Nullable Metrics metrics) {
        if (metrics != null) {
            numbers.put("accuracy on " + pairs, ReportText.percent(metrics.accuracy()));
            numbers.put("margin on " + pairs, ReportText.fixed(metrics.margin(), 3));
        }
    }

    @Override
    public void print(TextOutput out) {
        print(out, "training", trainingPairs);
        print(out, "held out", heldPairs);
        if (forgetting != null) {
            forgetting.print(out);
        }
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
