package org.lora4j.cli.tag;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;

/**
 * What a training of tags reaches on the texts that judge.
 *
 * @param judgement F1 beside that of the frozen model and of a list of words; null if nothing was measured
 * @param metrics the adapter; null if nothing was measured
 * @param labels how many spans each label has
 * @param samples texts with the spans that they have and those that the adapter finds
 */
public record TagResult(
        @Nullable Judgement judgement, @Nullable SpanMetrics metrics, List<LabelCount> labels, List<Sample> samples)
        implements TaskResult {
    /**
     * How often a label occurs.
     *
     * @param name the label
     * @param train its spans in the texts for training
     * @param validation those of the validation
     * @param test those of the test
     */
    public record LabelCount(String name, int train, int validation, int test) {}

    /**
     * A text with its spans.
     *
     * @param expected the text in parts, with the labels that it has
     * @param found the same with the labels that the adapter gives it
     */
    public record Sample(List<Part> expected, List<Part> found) {}

    /**
     * A part of a text.
     *
     * @param text its characters
     * @param label its label; null between spans
     */
    public record Part(String text, @Nullable String label) {}

    @Override
    public Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        if (metrics != null) {
            numbers.put("precision of spans", ReportText.percent(metrics.micro().precision()));
            numbers.put("recall of spans", ReportText.percent(metrics.micro().recall()));
            numbers.put("macro-F1", ReportText.fixed(metrics.macro().f1(), 3));
        }
        return numbers;
    }

    @Override
    public void print(TextOutput out) {
        if (metrics != null) {
            out.fact(
                    "spans: precision %s, recall %s, F1 %s, macro-F1 %s, strict F1 %s",
                    ReportText.percent(metrics.micro().precision()),
                    ReportText.percent(metrics.micro().recall()),
                    ReportText.percent(metrics.micro().f1()),
                    ReportText.percent(metrics.macro().f1()),
                    ReportText.percent(metrics.strict().f1()));
        }
    }
}
