package org.lora4j.cli.classify;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a training of a classifier reaches.
 *
 * @param classes how many texts each class has
 * @param measuredOn {@code test}, texts that had no influence on the training; or {@code validation}, those that also chose the
 *     epoch, so that the numbers of the adapter are a little too good; null if nothing was measured
 * @param words a linear classifier of the counts of the words; null if it was not computed
 * @param baseline a linear classifier on the frozen model; null if it was not computed
 * @param metrics the adapter; null if nothing was measured
 * @param overWords how much better the adapter is than the words; null if these were not computed
 * @param overBaseline how much better it is than the frozen model; null if this was not computed
 * @param fixed texts that only the adapter classifies rightly, and not the frozen model, at most 50
 * @param broken texts that only the frozen model classifies rightly, at most 50
 */
public record ClassifyResult(
        List<ClassCount> classes,
        @Nullable String measuredOn,
        @Nullable ClassMetrics words,
        @Nullable ClassMetrics baseline,
        @Nullable ClassMetrics metrics,
        @Nullable PairedDifference overWords,
        @Nullable PairedDifference overBaseline,
        List<Changed> fixed,
        List<Changed> broken) {
    /** Measured on texts that had no influence on the training. */
    public static final String TEST = "test";

    /** Measured on the texts that also chose the epoch. */
    public static final String VALIDATION = "validation";

    /** Returns the result without any text to measure with. */
    static ClassifyResult unmeasured(List<ClassCount> classes) {
        return new ClassifyResult(classes, null, null, null, null, null, null, List.of(), List.of());
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
