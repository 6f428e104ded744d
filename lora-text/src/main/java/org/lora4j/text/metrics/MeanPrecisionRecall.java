package org.lora4j.text.metrics;

import java.util.Collection;
import java.util.function.ToDoubleFunction;

/**
 * Means of precision, recall and F1 over classes, types or texts. F1 is the mean of their F1, not that of the other two means.
 *
 * @param precision the mean precision
 * @param recall the mean recall
 * @param f1 the mean F1
 */
public record MeanPrecisionRecall(double precision, double recall, double f1) {
    /**
     * Returns the mean in which each counts the same: the macro average of classes, and the sample average of texts.
     *
     * @param counts the counts of each, at least one
     * @return the means
     * @throws IllegalArgumentException if there is none
     */
    public static MeanPrecisionRecall macro(Collection<PrecisionRecall> counts) {
        if (counts.isEmpty()) {
            throw new IllegalArgumentException("a mean needs at least one class, type or text, found none");
        }
        return mean(counts, one -> 1);
    }

    /**
     * Returns the mean in which each counts as often as there are actual ones of it.
     *
     * @param counts the counts of each
     * @return the means; 0 if there is no actual one at all
     */
    public static MeanPrecisionRecall weighted(Collection<PrecisionRecall> counts) {
        return mean(counts, PrecisionRecall::actual);
    }

    private static MeanPrecisionRecall mean(
            Collection<PrecisionRecall> counts, ToDoubleFunction<PrecisionRecall> weight) {
        return new MeanPrecisionRecall(
                mean(counts, weight, PrecisionRecall::precision),
                mean(counts, weight, PrecisionRecall::recall),
                mean(counts, weight, PrecisionRecall::f1));
    }

    private static double mean(
            Collection<PrecisionRecall> counts,
            ToDoubleFunction<PrecisionRecall> weight,
            ToDoubleFunction<PrecisionRecall> value) {
        double sum = counts.stream()
                .mapToDouble(one -> weight.applyAsDouble(one) * value.applyAsDouble(one))
                .sum();
        double weights = counts.stream().mapToDouble(weight).sum();
        return weights == 0 ? 0 : sum / weights;
    }
}
