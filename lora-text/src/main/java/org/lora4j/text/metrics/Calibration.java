package org.lora4j.text.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Whether probabilities mean what they say: of the predictions with the probability 0.8, 80 % should be right. The probabilities
 * from 0 to 1 are divided into bins of equal width, and the expected calibration error is
 *
 * <pre>ECE = Σ_b n_b/n · |accuracy(b) − mean probability(b)|</pre>
 *
 * with {@code n_b} of n predictions in bin b (<a href="https://arxiv.org/abs/1706.04599">arXiv:1706.04599</a>, equation 3).
 *
 * @param bins the bins that have a prediction, in their order
 * @param expectedError the expected calibration error, between 0 and 1
 */
public record Calibration(List<Bin> bins, double expectedError) {
    /** The number of bins that most reports use. */
    public static final int BINS = 10;

    /**
     * A bin.
     *
     * @param from its lower end, which belongs to the bin before it unless that is 0
     * @param to its upper end, which belongs to it
     * @param count how many predictions it has, at least 1
     * @param probability the mean of their probabilities
     * @param accuracy the share of those that are right
     */
    public record Bin(double from, double to, int count, double probability, double accuracy) {}

    /**
     * Copies the bins.
     *
     * @param bins the bins that have a prediction, in their order
     * @param expectedError the expected calibration error, between 0 and 1
     */
    public Calibration {
        bins = List.copyOf(bins);
    }

    /**
     * Counts predictions.
     *
     * @param probabilities the probability of each prediction: that of the predicted class, or that a pair belongs together
     * @param right whether it is right: whether the class is the actual one, or the pair belongs together
     * @param bins the number of bins, at least 1
     * @return the calibration
     * @throws IllegalArgumentException if there is none, the lengths differ, or a probability is not between 0 and 1
     */
    public static Calibration of(double[] probabilities, boolean[] right, int bins) {
        Objects.requireNonNull(probabilities, "probabilities must not be null");
        Objects.requireNonNull(right, "right must not be null");
        if (probabilities.length == 0 || probabilities.length != right.length || bins < 1) {
            throw new IllegalArgumentException("there must be a probability for each of at least one prediction, and at"
                    + " least one bin, found " + probabilities.length + " for " + right.length + " and " + bins
                    + " bins");
        }
        int[] counts = new int[bins];
        double[] sums = new double[bins];
        int[] rights = new int[bins];
        for (int i = 0; i < right.length; i++) {
            double p = probabilities[i];
            if (!(p >= 0 && p <= 1)) {
                throw new IllegalArgumentException("a probability must be between 0 and 1, found " + p);
            }
            int bin = Math.max(0, (int) Math.ceil(p * bins) - 1);
            counts[bin]++;
            sums[bin] += p;
            rights[bin] += right[i] ? 1 : 0;
        }
        List<Bin> found = new ArrayList<>();
        double error = 0;
        for (int b = 0; b < bins; b++) {
            if (counts[b] > 0) {
                found.add(new Bin(
                        (double) b / bins,
                        (double) (b + 1) / bins,
                        counts[b],
                        sums[b] / counts[b],
                        (double) rights[b] / counts[b]));
                error += Math.abs(rights[b] - sums[b]) / right.length;
            }
        }
        return new Calibration(found, error);
    }
}
