package org.lora4j.cli.measure;

import org.lora4j.text.metrics.MeanPrecisionRecall;
import org.lora4j.text.metrics.PrecisionRecall;

/**
 * Precision, recall and F1.
 *
 * @param precision how many of what was predicted is right
 * @param recall how many of what there is was predicted
 * @param f1 the harmonic mean of both, or a mean of such
 */
public record F1(double precision, double recall, double f1) {
    /**
     * Returns those of counts.
     *
     * @param counts how many are right
     * @return the three numbers
     */
    public static F1 of(PrecisionRecall counts) {
        return new F1(counts.precision(), counts.recall(), counts.f1());
    }

    /**
     * Returns those of means.
     *
     * @param mean the means
     * @return the three numbers
     */
    public static F1 of(MeanPrecisionRecall mean) {
        return new F1(mean.precision(), mean.recall(), mean.f1());
    }
}
