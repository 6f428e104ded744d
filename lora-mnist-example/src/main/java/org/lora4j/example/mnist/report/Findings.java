package org.lora4j.example.mnist.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** What happened, in sentences that follow from the numbers alone, good or bad. */
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
                .filter(digit -> lora.answered(digit) > base.answered(digit))
                .forEach(digit -> sentences.add(leaning(digit)));
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
        return "Digit " + digit + ": wrong answers " + moved(before, after, Words.count(before), Words.count(after))
                + " of " + Words.count(base.images(digit)) + " test images.";
    }

    private String overall() {
        return "All digits together: accuracy "
                + moved(
                        base.accuracy(),
                        lora.accuracy(),
                        Words.percent(base.accuracy()),
                        Words.percent(lora.accuracy()))
                + ", that is "
                + Words.count(base.wrongTotal()) + " wrong answers before and " + Words.count(lora.wrongTotal())
                + " after, of " + Words.count(base.images()) + ".";
    }

    private String otherDigits() {
        List<Integer> others = IntStream.range(0, TestResult.DIGITS)
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
        StringBuilder sentence = new StringBuilder("Of the other digits, ");
        sentence.append(worse.isEmpty() ? "none got worse" : Words.list(worse) + " got worse, the most harmed first");
        sentence.append(better.isEmpty() ? "; none got better" : "; " + Words.list(better) + " got better");
        return sentence.append(".").toString();
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

    private String leaning(int digit) {
        return "The network now answers " + digit + " for " + Words.count(lora.answered(digit))
                + " images; before it was "
                + Words.count(base.answered(digit)) + ", and " + Words.count(base.images(digit))
                + " do show it. Batches of one digit teach the network to say that digit more often, which helps there "
                + "and costs elsewhere; mixing some other digits into the batches (--replay) holds against that.";
    }

    private String switchedOff() {
        return report.loraDisabled().equals(base)
                ? "With the adapter switched off, the network gives the base's answers again, count for count."
                : "With the adapter switched off, the network does not give the base's answers: it has "
                        + Words.count(report.loraDisabled().wrongTotal()) + " wrong answers, the base "
                        + Words.count(base.wrongTotal()) + ".";
    }

    private String merged() {
        return report.loraMerged().equals(lora)
                ? "Merged into plain weights, the adapter gives the same counts as when it lies beside them."
                : "Merged into plain weights, the adapter gives "
                        + Words.count(report.loraMerged().wrongTotal())
                        + " wrong answers, beside them " + Words.count(lora.wrongTotal())
                        + ".";
    }

    private String perRow() {
        int adapted = report.digits().stream().mapToInt(base::images).sum();
        return "In the row \"" + Report.PER_ROW + "\" the images are answered in common batches, "
                + Words.list(report.digits().stream()
                        .map(digit -> Words.count(base.images(digit)) + " that show " + digit + " by its adapter")
                        .toList())
                + ", the other " + Words.count(base.images() - adapted) + " by the base.";
    }

    /** {@code fell from 5 to 4}, {@code stayed at 5}; what is written may be rounded, what is compared is not. */
    private static String moved(double before, double after, String beforeText, String afterText) {
        return before == after
                ? "stayed at " + afterText
                : (after < before ? "fell" : "rose") + " from " + beforeText + " to " + afterText;
    }
}
