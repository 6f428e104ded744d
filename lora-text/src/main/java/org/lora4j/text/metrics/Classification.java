package org.lora4j.text.metrics;

import java.util.Arrays;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * How well classes are predicted: the confusion matrix {@code n[actual][predicted]} and what follows from it.
 *
 * <pre>
 * accuracy      Σ n[c][c] / Σ n
 * precision(c)  n[c][c] / Σ_a n[a][c]
 * recall(c)     n[c][c] / Σ_p n[c][p]
 * macro-F1      the mean of F1 over the classes that occur, as actual or as predicted ones
 * </pre>
 */
public final class Classification {
    private final long[][] counts;

    private Classification(long[][] counts) {
        this.counts = counts;
    }

    /**
     * Counts predictions.
     *
     * @param actual the actual classes
     * @param predicted the predicted classes, as many
     * @param classes the number of classes
     * @return the counts
     * @throws IllegalArgumentException if there is none, the lengths differ, or a class is out of range
     */
    public static Classification of(int[] actual, int[] predicted, int classes) {
        Objects.requireNonNull(actual, "actual must not be null");
        Objects.requireNonNull(predicted, "predicted must not be null");
        if (actual.length == 0 || actual.length != predicted.length) {
            throw new IllegalArgumentException("there must be a prediction for each of at least one example, found "
                    + predicted.length + " for " + actual.length);
        }
        long[][] counts = new long[classes][classes];
        for (int i = 0; i < actual.length; i++) {
            counts[requireClass(actual[i], classes, i)][requireClass(predicted[i], classes, i)]++;
        }
        return new Classification(counts);
    }

    private static int requireClass(int value, int classes, int example) {
        if (value < 0 || value >= classes) {
            throw new IllegalArgumentException(
                    "a class must be between 0 and " + (classes - 1) + ", found " + value + " for example " + example);
        }
        return value;
    }

    /**
     * Returns the confusion matrix.
     *
     * @return a new array {@code [actual][predicted]}
     */
    public long[][] confusion() {
        return Arrays.stream(counts).map(long[]::clone).toArray(long[][]::new);
    }

    /**
     * Returns the share of right predictions.
     *
     * @return between 0 and 1
     */
    public double accuracy() {
        long right =
                IntStream.range(0, counts.length).mapToLong(c -> counts[c][c]).sum();
        return (double) right
                / Arrays.stream(counts).flatMapToLong(Arrays::stream).sum();
    }

    /**
     * Returns the counts of a class, with its precision, recall and F1.
     *
     * @param c the class
     * @return how many texts are of it, are predicted as it, and both
     */
    public PrecisionRecall ofClass(int c) {
        return new PrecisionRecall(
                counts[c][c],
                Arrays.stream(counts).mapToLong(row -> row[c]).sum(),
                Arrays.stream(counts[c]).sum());
    }

    /**
     * Returns how many of those that are predicted as a class are of it.
     *
     * @param c the class
     * @return between 0 and 1
     */
    public double precision(int c) {
        return ofClass(c).precision();
    }

    /**
     * Returns how many of a class are predicted as it.
     *
     * @param c the class
     * @return between 0 and 1
     */
    public double recall(int c) {
        return ofClass(c).recall();
    }

    /**
     * Returns the harmonic mean of precision and recall of a class.
     *
     * @param c the class
     * @return between 0 and 1
     */
    public double f1(int c) {
        return ofClass(c).f1();
    }

    /**
     * Returns the mean of F1 over the classes that occur.
     *
     * @return between 0 and 1
     */
    public double macroF1() {
        return MeanPrecisionRecall.macro(IntStream.range(0, counts.length)
                        .mapToObj(this::ofClass)
                        .filter(one -> one.actual() + one.predicted() > 0)
                        .toList())
                .f1();
    }
}
