package org.lora4j.cli.classify;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;

/**
 * What a training of a number reaches.
 *
 * @param range the numbers of the texts for training
 * @param learned how the adapter came about
 * @param judgement the mean squared error beside that of others; null if nothing was measured
 * @param words ridge regression of the counts of the words; null if it was not computed
 * @param baseline ridge regression on the frozen model; null if it was not computed
 * @param metrics the adapter; null if nothing was measured
 */
public record NumberResult(
        Range range,
        ClassifyResult.Learned learned,
        @Nullable Judgement judgement,
        @Nullable NumberMetrics words,
        @Nullable NumberMetrics baseline,
        @Nullable NumberMetrics metrics)
        implements TaskResult {
    /**
     * Numbers of texts.
     *
     * @param least the least one
     * @param mean their mean
     * @param greatest the greatest one
     */
    public record Range(double least, double mean, double greatest) {}

    @Override
    public Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        if (metrics != null) {
            numbers.put("mean absolute error", ReportText.loss(metrics.meanAbsoluteError()));
            numbers.put("Pearson", NumberMetrics.text(metrics.pearson()));
            numbers.put("Spearman", NumberMetrics.text(metrics.spearman()));
        }
        return numbers;
    }

    @Override
    public void print(TextOutput out) {
        learned.sentences().forEach(sentence -> out.fact("%s", sentence));
        print(out, "word counts", words);
        print(out, "frozen model", baseline);
        print(out, "adapter", metrics);
    }

    private static void print(TextOutput out, String name, @Nullable NumberMetrics metrics) {
        if (metrics != null) {
            out.fact("%-15s %s", name + ":", metrics.line());
        }
    }
}
