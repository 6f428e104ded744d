package org.lora4j.cli.classify;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.cli.report.Charts;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.metrics.Calibration;

/**
 * What a training of a classifier reaches.
 *
 * @param classes how many texts each class has
 * @param learned how the adapter came about
 * @param judgement the accuracy beside that of other classifiers; null if nothing was measured
 * @param words a linear classifier of the counts of the words; null if it was not computed
 * @param baseline a linear classifier on the frozen model; null if it was not computed
 * @param metrics the adapter; null if nothing was measured
 * @param calibration how far its probabilities are right; null if nothing was measured
 * @param curve how much more texts help the frozen model; null if it was not computed
 * @param fixed texts that only the adapter classifies rightly, and not the frozen model, at most 50
 * @param broken texts that only the frozen model classifies rightly, at most 50
 */
public record ClassifyResult(
        List<ClassCount> classes,
        Learned learned,
        @Nullable Judgement judgement,
        @Nullable ClassMetrics words,
        @Nullable ClassMetrics baseline,
        @Nullable ClassMetrics metrics,
        @Nullable Calibration calibration,
        @Nullable LearningCurve curve,
        List<Changed> fixed,
        List<Changed> broken)
        implements TaskResult {
    /** Returns the result without any text to measure with. */
    static ClassifyResult unmeasured(List<ClassCount> classes, Learned learned) {
        return new ClassifyResult(classes, learned, null, null, null, null, null, null, List.of(), List.of());
    }

    @Override
    public Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        if (metrics != null) {
            numbers.put("macro-F1", ReportText.fixed(metrics.macroF1(), 4));
        }
        if (calibration != null) {
            numbers.put("expected calibration error", ReportText.fixed(calibration.expectedError(), 4));
        }
        return numbers;
    }

    @Override
    public void print(TextOutput out) {
        for (String sentence : learned.sentences()) {
            out.fact("%s", sentence);
        }
        print(out, "word counts", words);
        print(out, "frozen model", baseline);
        print(out, "adapter", metrics);
        if (calibration != null) {
            out.fact("expected calibration error %.4f", calibration.expectedError());
        }
        if (curve != null) {
            out.fact("%s", curve.line());
            out.fact("%s", curve.verdict());
        }
    }

    private static void print(TextOutput out, String name, @Nullable ClassMetrics metrics) {
        if (metrics != null) {
            out.fact("%-15s accuracy %.2f %%, macro-F1 %.4f", name + ":", 100 * metrics.accuracy(), metrics.macroF1());
        }
    }

    @Override
    public Map<String, Picture> charts() {
        Map<String, Picture> charts =
                new LinkedHashMap<>(Charts.calibration(calibration, "predictions that are right"));
        if (metrics != null) {
            List<String> names =
                    metrics.classes().stream().map(ClassMetrics.OfClass::name).toList();
            charts.putAll(Charts.confusion(names, metrics.confusion()));
        }
        return charts;
    }

    /**
     * How an adapter came about.
     *
     * @param start with what the classifier began: {@code probe} or {@code pairs}, see
     *     {@link org.lora4j.text.train.TrainableClassify#start}; null for numbers at random, or those of an adapter
     * @param linear what the linear model of the start is, in words
     * @param keptSteps whether the steps of the training were kept; false if the classifier is the start alone
     * @param measured how many texts the adapter learned that was measured
     * @param written how many texts the adapter learned that was written
     */
    public record Learned(@Nullable String start, String linear, boolean keptSteps, int measured, int written) {
        /**
         * Returns the same in words.
         *
         * @return sentences for the console and the page
         */
        public List<String> sentences() {
            List<String> sentences = new ArrayList<>();
            if ("pairs".equals(start)) {
                sentences.add("The texts are few: the layers learned pairs of them, and the classifier is " + linear
                        + " on what they give" + (keptSteps ? ", from which the training went on." : "."));
            } else if (start != null) {
                sentences.add(
                        keptSteps
                                ? "The classifier began as " + linear + " on the frozen model."
                                : "The classifier is " + linear
                                        + " on the frozen model: the steps did not make it better on"
                                        + " the validation, so the layers stayed as they are.");
            }
            if (written != measured) {
                sentences.add("The numbers are of an adapter that learned " + ReportText.count(measured, "text")
                        + "; the one that was written learned all " + ReportText.count(written) + " in the same way.");
            }
            return sentences;
        }
    }

    /**
     * The texts of a class.
     *
     * @param name the class
     * @param train the texts for training
     * @param validation those for the validation
     * @param test those for the test
     */
    public record ClassCount(String name, int train, int validation, int test) {}

    /**
     * A text whose class changed from wrong to right, or from right to wrong.
     *
     * @param text the text
     * @param actual its class
     * @param before what the baseline says
     * @param after what the adapter says
     */
    public record Changed(String text, String actual, String before, String after) {}
}
