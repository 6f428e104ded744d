package org.lora4j.cli.classify;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;

/**
 * What a training of any number of labels reaches.
 *
 * @param classes how many texts have each label
 * @param learned how the adapter came about
 * @param judgement micro-F1 beside that of other classifiers; null if nothing was measured
 * @param words a logistic regression of the counts of the words for each label; null if it was not computed
 * @param baseline a linear classifier on the frozen model; null if it was not computed
 * @param metrics the adapter; null if nothing was measured
 */
public record LabelsResult(
        List<ClassifyResult.ClassCount> classes,
        ClassifyResult.Learned learned,
        @Nullable Judgement judgement,
        @Nullable LabelMetrics words,
        @Nullable LabelMetrics baseline,
        @Nullable LabelMetrics metrics)
        implements TaskResult {
    @Override
    public Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        if (metrics != null) {
            numbers.put("macro-F1", ReportText.fixed(metrics.macro().f1(), 4));
            numbers.put("sample F1", ReportText.fixed(metrics.samples().f1(), 4));
            numbers.put("average precision", ReportText.fixed(metrics.averagePrecision(), 4));
            numbers.put("all labels right", ReportText.percent(metrics.exactMatch()));
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

    private static void print(TextOutput out, String name, @Nullable LabelMetrics metrics) {
        if (metrics != null) {
            out.fact("%-15s %s", name + ":", line(metrics));
        }
    }

    /**
     * Returns the metrics in a line.
     *
     * @param metrics the metrics
     * @return such as {@code micro-F1 91.20 %, macro-F1 0.8100, …}
     */
    public static String line(LabelMetrics metrics) {
        return "micro-F1 " + ReportText.percent(metrics.micro().f1())
                + ", macro-F1 " + ReportText.fixed(metrics.macro().f1(), 4)
                + ", sample F1 " + ReportText.fixed(metrics.samples().f1(), 4)
                + ", average precision " + ReportText.fixed(metrics.averagePrecision(), 4);
    }
}
