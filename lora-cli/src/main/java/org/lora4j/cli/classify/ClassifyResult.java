package org.lora4j.cli.classify;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a training of a classifier reaches on the validation texts.
 *
 * @param classes how many texts each class has
 * @param baseline a linear classifier on the frozen encoder; null if it was not computed
 * @param metrics the adapter; null without a validation
 * @param fixed texts that only the adapter classifies rightly, at most 50
 * @param broken texts that only the baseline classifies rightly, at most 50
 */
public record ClassifyResult(
        List<ClassCount> classes,
        @Nullable ClassMetrics baseline,
        @Nullable ClassMetrics metrics,
        List<Changed> fixed,
        List<Changed> broken) {
    /**
     * The texts of a class.
     *
     * @param name the class
     * @param train the texts for training
     * @param validation those for the validation
     */
    public record ClassCount(String name, int train, int validation) {}

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
