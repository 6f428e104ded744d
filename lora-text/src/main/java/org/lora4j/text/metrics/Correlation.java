package org.lora4j.text.metrics;

import java.util.Arrays;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;

/** How far two numbers of each example go together, such as the similarities of a model and those that people gave. */
public final class Correlation {
    private Correlation() {}

    /**
     * Returns Pearson's correlation {@code Σ (xᵢ − x̄)(yᵢ − ȳ) / √(Σ (xᵢ − x̄)² · Σ (yᵢ − ȳ)²)}.
     *
     * @param x a number of each example
     * @param y another one
     * @return between −1 and 1
     * @throws IllegalArgumentException if the lengths differ, a number is not finite, or all of one kind are equal
     */
    public static double pearson(double[] x, double[] y) {
        require(x, y);
        double meanX = Arrays.stream(x).average().orElseThrow();
        double meanY = Arrays.stream(y).average().orElseThrow();
        double product = 0;
        for (int i = 0; i < x.length; i++) {
            product += (x[i] - meanX) * (y[i] - meanY);
        }
        DoubleUnaryOperator square = d -> d * d;
        double squares = Math.sqrt(
                        Arrays.stream(x).map(value -> value - meanX).map(square).sum())
                * Math.sqrt(
                        Arrays.stream(y).map(value -> value - meanY).map(square).sum());
        return Math.max(-1, Math.min(1, product / squares));
    }

    /**
     * Returns Spearman's correlation: {@link #pearson} of the ranks, with the mean rank for equal numbers.
     *
     * @param x a number of each example
     * @param y another one
     * @return between −1 and 1
     * @throws IllegalArgumentException as {@link #pearson}
     */
    public static double spearman(double[] x, double[] y) {
        require(x, y);
        return pearson(ranks(x), ranks(y));
    }

    private static double[] ranks(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return Arrays.stream(values)
                .map(value -> (first(sorted, value) + first(sorted, Math.nextUp(value))) / 2.0)
                .toArray();
    }

    /** How many values are smaller. */
    private static int first(double[] sorted, double value) {
        int low = 0;
        int high = sorted.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sorted[middle] < value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private static void require(double[] x, double[] y) {
        Objects.requireNonNull(x, "x must not be null");
        Objects.requireNonNull(y, "y must not be null");
        if (x.length != y.length) {
            throw new IllegalArgumentException(
                    "there must be two numbers of each example, found " + x.length + " and " + y.length);
        }
        requireDifferent(x);
        requireDifferent(y);
    }

    private static void requireDifferent(double[] values) {
        if (!Arrays.stream(values).allMatch(Double::isFinite)) {
            throw new IllegalArgumentException("the numbers must be finite, found others");
        }
        if (Arrays.stream(values).distinct().count() < 2) {
            throw new IllegalArgumentException("a correlation needs at least two different numbers, found "
                    + (values.length == 0 ? "none" : "only " + values[0]));
        }
    }
}
