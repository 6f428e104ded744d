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
 * F1(c)         2·precision·recall / (precision + recall)
 * macro-F1      the mean of F1 over the classes that occur, as actual or as predicted ones
 * </pre>
 *
 * <p>A quotient whose divisor is 0 counts as 0, as in scikit-learn.
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
     * Returns how many of those that are predicted as a class are of it.
     *
     * @param c the class
     * @return between 0 and 1
     */
    public double precision(int c) {
        return quotient(counts[c][c], predicted(c));
    }

    /**
     * Returns how many of a class are predicted as it.
     *
     * @param c the class
     * @return between 0 and 1
     */
    public double recall(int c) {
        return quotient(counts[c][c], actual(c));
    }

    /**
     * Returns the harmonic mean of precision and recall of a class.
     *
     * @param c the class
     * @return between 0 and 1
     */
    public double f1(int c) {
        return quotient(2 * counts[c][c], actual(c) + predicted(c));
    }

    /**
     * Returns the mean of F1 over the classes that occur.
     *
     * @return between 0 and 1
     */
    public double macroF1() {
        return IntStream.range(0, counts.length)
                .filter(c -> actual(c) + predicted(c) > 0)
                .mapToDouble(this::f1)
                .average()
                .orElseThrow();
    }

    private long actual(int c) {
        return Arrays.stream(counts[c]).sum();
    }

    private long predicted(int c) {
        return Arrays.stream(counts).mapToLong(row -> row[c]).sum();
    }

    private static double quotient(long part, long whole) {
        return whole == 0 ? 0 : (double) part / whole;
    }
}
