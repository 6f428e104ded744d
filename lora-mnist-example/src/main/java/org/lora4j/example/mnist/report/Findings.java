package org.lora4j.example.mnist.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.example.mnist.data.MnistData;
import org.lora4j.example.support.report.TestResult;
import org.lora4j.example.support.report.Words;

/** Sentences about the results. They follow from the numbers alone, good or bad. */
final class Findings {
    private final Report report;
    private final TestResult base;
    private final TestResult lora;

    Findings(Report report) {
        this.report = report;
        this.base = report.base();
        this.lora = report.loraEnabled();
    }

    List<String> sentences() {
        List<String> sentences = new ArrayList<>();
        report.digits().forEach(digit -> sentences.add(ofDigit(digit)));
        sentences.add(overall());
        sentences.add(otherDigits());
        report.digits().stream()
                .filter(digit -> lora.predicted(digit) > base.predicted(digit))
                .forEach(digit -> sentences.add(moreOften(digit)));
        sentences.add(switchedOff());
        sentences.add(merged());
        if (report.results().containsKey(Report.PER_ROW)) {
            sentences.add(perRow());
        }
        return sentences;
    }

    private String ofDigit(int digit) {
        int before = base.wrong().get(digit);
        int after = lora.wrong().get(digit);
        return "Digit " + digit + ": wrong predictions " + moved(before, after, Words.count(before), Words.count(after))
                + " of " + Words.count(base.examples(digit)) + " test images.";
    }

    private String overall() {
        return "All digits together: accuracy "
                + moved(
                        base.accuracy(),
                        lora.accuracy(),
                        Words.percent(base.accuracy()),
                        Words.percent(lora.accuracy()))
                + ". The base has " + Words.count(base.wrongTotal()) + " wrong predictions, LoRA "
                + Words.count(lora.wrongTotal()) + ", of " + Words.count(base.examples()) + ".";
    }

    private String otherDigits() {
        List<Integer> others = IntStream.range(0, MnistData.CLASSES)
                .filter(digit -> !report.digits().contains(digit))
                .boxed()
                .toList();
        List<String> worse = described(others.stream()
                .filter(digit -> change(digit) > 0)
                .sorted(Comparator.comparing(this::change).reversed())
                .toList());
        List<String> better = described(others.stream()
                .filter(digit -> change(digit) < 0)
                .sorted(Comparator.comparing(this::change))
                .toList());
        return "Of the other digits, "
                + (worse.isEmpty() ? "none got worse" : "these got worse, the most first: " + Words.list(worse))
                + (better.isEmpty() ? ". None got better." : ". These got better: " + Words.list(better) + ".");
    }

    private List<String> described(List<Integer> digits) {
        return digits.stream()
                .map(digit -> digit + " (" + Words.count(base.wrong().get(digit)) + " → "
                        + Words.count(lora.wrong().get(digit)) + ")")
                .toList();
    }

    private int change(int digit) {
        return lora.wrong().get(digit) - base.wrong().get(digit);
    }

    private String moreOften(int digit) {
        return "With LoRA the network predicts " + digit + " for " + Words.count(lora.predicted(digit))
                + " images, without it for " + Words.count(base.predicted(digit)) + "; "
                + Words.count(base.examples(digit)) + " images show it. Batches of one digit train the network to"
                + " predict this digit more often. That helps on this digit and harms others. Images of other digits"
                + " in each batch (--replay) reduce the harm.";
    }

    private String switchedOff() {
        return report.loraDisabled().equals(base)
                ? "With LoRA switched off, all counts equal those of the base."
                : "With LoRA switched off, the counts differ from those of the base: "
                        + Words.count(report.loraDisabled().wrongTotal()) + " wrong predictions, the base has "
                        + Words.count(base.wrongTotal()) + ".";
    }

    private String merged() {
        return report.loraMerged().equals(lora)
                ? "With LoRA merged into the weights, all counts equal those with LoRA on."
                : "With LoRA merged into the weights, the counts differ from those with LoRA on: "
                        + Words.count(report.loraMerged().wrongTotal()) + " wrong predictions, LoRA on has "
                        + Words.count(lora.wrongTotal()) + ".";
    }

    private String perRow() {
        int adapted = report.digits().stream().mapToInt(base::examples).sum();
        return "The row \"" + Report.PER_ROW + "\" has an adapter for each image of a batch: "
                + Words.list(report.digits().stream()
                        .map(digit -> "the adapter of digit " + digit + " for the " + Words.count(base.examples(digit))
                                + " images that show it")
                        .toList())
                + ", and the base for the other " + Words.count(base.examples() - adapted) + ".";
    }

    /** Returns {@code fell from 5 to 4} or {@code stayed at 5}. Compares exact values; the texts can be rounded. */
    private static String moved(double before, double after, String beforeText, String afterText) {
        return before == after
                ? "stayed at " + afterText
                : (after < before ? "fell" : "rose") + " from " + beforeText + " to " + afterText;
    }
}
