package org.lora4j.text.train;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.IntStream;
import org.lora4j.text.metrics.Correlation;

/**
 * What a model says of texts whose numbers are known.
 *
 * @param actual the number of each text
 * @param predicted what the model says
 */
public record NumberedTexts(List<Double> actual, List<Double> predicted) {
    /**
     * Copies the lists.
     *
     * @param actual the number of each text
     * @param predicted what the model says
     * @throws IllegalArgumentException if there is not one prediction for each text
     */
    public NumberedTexts {
        actual = List.copyOf(actual);
        predicted = List.copyOf(predicted);
        if (actual.size() != predicted.size()) {
            throw new IllegalArgumentException("there must be one prediction for each of the " + actual.size()
                    + " texts, found " + predicted.size());
        }
    }

    /**
     * Returns what always the same number is worth.
     *
     * @param number the number
     * @return the same texts with this number as the prediction
     */
    public NumberedTexts always(double number) {
        return new NumberedTexts(actual, Collections.nCopies(actual.size(), number));
    }

    /**
     * Returns the squared errors.
     *
     * @return {@code (ŷᵢ − yᵢ)²} of each text
     */
    public List<Double> squaredErrors() {
        return IntStream.range(0, actual.size())
                .mapToObj(i -> Math.pow(predicted.get(i) - actual.get(i), 2))
                .toList();
    }

    /**
     * Returns the mean squared error.
     *
     * @return {@code 1/n·Σ (ŷᵢ − yᵢ)²}; NaN without a text
     */
    public double meanSquaredError() {
        return squaredErrors().stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(Double.NaN);
    }

    /**
     * Returns the mean absolute error.
     *
     * @return {@code 1/n·Σ |ŷᵢ − yᵢ|}; NaN without a text
     */
    public double meanAbsoluteError() {
        return IntStream.range(0, actual.size())
                .mapToDouble(i -> Math.abs(predicted.get(i) - actual.get(i)))
                .average()
                .orElse(Double.NaN);
    }

    /**
     * Returns Pearson's correlation.
     *
     * @return between −1 and 1; nothing if all numbers, or all predictions, are the same or one is not finite
     */
    public OptionalDouble pearson() {
        return correlation(Correlation::pearson);
    }

    /**
     * Returns Spearman's correlation.
     *
     * @return as {@link #pearson}
     */
    public OptionalDouble spearman() {
        return correlation(Correlation::spearman);
    }

    /** Computes a correlation of two arrays. */
    private interface OfArrays {
        double of(double[] x, double[] y);
    }

    private OptionalDouble correlation(OfArrays correlation) {
        double[] x = array(predicted);
        double[] y = array(actual);
        return hasSeveral(x) && hasSeveral(y) ? OptionalDouble.of(correlation.of(x, y)) : OptionalDouble.empty();
    }

    private static boolean hasSeveral(double[] values) {
        return Arrays.stream(values).allMatch(Double::isFinite)
                && Arrays.stream(values).distinct().count() > 1;
    }

    private static double[] array(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
}
