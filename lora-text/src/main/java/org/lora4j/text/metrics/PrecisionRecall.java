package org.lora4j.text.metrics;

import java.util.Collection;

/**
 * How many things of a kind were found: the texts of a class, the spans of a type, the labels of a text.
 *
 * <pre>
 * precision  correct / predicted
 * recall     correct / actual
 * F1         2·precision·recall / (precision + recall) = 2·correct / (predicted + actual)
 * </pre>
 *
 * <p>A quotient whose divisor is 0 counts as 0, as in scikit-learn and seqeval.
 *
 * @param correct how many of the predicted ones are right
 * @param predicted how many were predicted
 * @param actual how many there are (the support)
 */
public record PrecisionRecall(long correct, long predicted, long actual) {
    /** The counts of nothing. */
    public static final PrecisionRecall NONE = new PrecisionRecall(0, 0, 0);

    /**
     * Checks the counts.
     *
     * @param correct how many of the predicted ones are right
     * @param predicted how many were predicted
     * @param actual how many there are
     * @throws IllegalArgumentException if a count is negative, or more are right than were predicted or than there are
     */
    public PrecisionRecall {
        if (correct < 0 || correct > Math.min(predicted, actual)) {
            throw new IllegalArgumentException("correct must be between 0 and the predicted and the actual ones, found "
                    + correct + " of " + predicted + " predicted and " + actual + " actual");
        }
    }

    /**
     * Adds up counts. The sum over all classes or types is the micro average.
     *
     * @param counts the counts
     * @return their sum; {@link #NONE} of nothing
     */
    public static PrecisionRecall sum(Collection<PrecisionRecall> counts) {
        return counts.stream().reduce(NONE, PrecisionRecall::plus);
    }

    /**
     * Adds other counts.
     *
     * @param other the other ones
     * @return the sum
     */
    public PrecisionRecall plus(PrecisionRecall other) {
        return new PrecisionRecall(correct + other.correct, predicted + other.predicted, actual + other.actual);
    }

    /**
     * Returns how many of the predicted ones are right.
     *
     * @return between 0 and 1
     */
    public double precision() {
        return quotient(correct, predicted);
    }

    /**
     * Returns how many of the actual ones were predicted.
     *
     * @return between 0 and 1
     */
    public double recall() {
        return quotient(correct, actual);
    }

    /**
     * Returns the harmonic mean of both.
     *
     * @return between 0 and 1
     */
    public double f1() {
        return quotient(2 * correct, predicted + actual);
    }

    private static double quotient(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }
}
