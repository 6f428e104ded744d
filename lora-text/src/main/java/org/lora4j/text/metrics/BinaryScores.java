package org.lora4j.text.metrics;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Objects;
import java.util.stream.IntStream;

/** How well scores tell positive examples from negative ones, whatever the threshold is. */
public final class BinaryScores {
    private BinaryScores() {}

    /** Sees examples of one score, from the greatest score to the least. */
    private interface Ties {
        /**
         * Is called once for each score.
         *
         * @param count how many examples have it
         * @param positives how many of these are positive
         */
        void next(int count, int positives);
    }

    /**
     * Returns the area under the receiver operating characteristic: the probability that a positive example has a greater score
     * than a negative one, where equal scores count one half (Mann and Whitney, 1947).
     *
     * @param scores the score of each example
     * @param positive whether it is positive
     * @return between 0 and 1
     * @throws IllegalArgumentException if the lengths differ, a score is NaN, or there is no positive or no negative example
     */
    public static double rocAuc(double[] scores, boolean[] positive) {
        requirePairs(scores, positive);
        long positives = positives(positive);
        long negatives = scores.length - positives;
        if (positives == 0 || negatives == 0) {
            throw new IllegalArgumentException("there must be positive and negative examples, found " + positives
                    + " positive and " + negatives + " negative");
        }
        double[] sum = new double[2];
        forEachScore(scores, positive, (count, right) -> {
            sum[0] += (count - right) * (sum[1] + right / 2.0);
            sum[1] += right;
        });
        return sum[0] / ((double) positives * negatives);
    }

    /**
     * Returns the average precision {@code Σ_t (R_t − R_{t−1})·P_t} over the scores t from the greatest to the least, with the precision
     * P and the recall R of all examples with this score or a greater one. So equal scores count together, as in scikit-learn;
     * {@link Ranking#averagePrecision} has another rule for them.
     *
     * @param scores the score of each example
     * @param positive whether it is positive
     * @return between 0 and 1; 0 without a positive example
     * @throws IllegalArgumentException if the lengths differ, or a score is NaN
     */
    public static double averagePrecision(double[] scores, boolean[] positive) {
        requirePairs(scores, positive);
        double[] sum = new double[1];
        long[] before = new long[2];
        forEachScore(scores, positive, (count, right) -> {
            before[0] += count;
            before[1] += right;
            sum[0] += right * ((double) before[1] / before[0]);
        });
        return before[1] == 0 ? 0 : sum[0] / before[1];
    }

    private static void forEachScore(double[] scores, boolean[] positive, Ties ties) {
        int[] order = IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -scores[i]))
                .mapToInt(Integer::intValue)
                .toArray();
        int from = 0;
        while (from < order.length) {
            int to = from;
            int positives = 0;
            for (; to < order.length && scores[order[to]] == scores[order[from]]; to++) {
                positives += positive[order[to]] ? 1 : 0;
            }
            ties.next(to - from, positives);
            from = to;
        }
    }

    static long positives(boolean[] positive) {
        return IntStream.range(0, positive.length).filter(i -> positive[i]).count();
    }

    private static void requirePairs(double[] scores, boolean[] positive) {
        Objects.requireNonNull(scores, "scores must not be null");
        Objects.requireNonNull(positive, "positive must not be null");
        if (scores.length != positive.length || Arrays.stream(scores).anyMatch(Double::isNaN)) {
            throw new IllegalArgumentException("there must be a score that is a number for each of the "
                    + positive.length + " examples, found " + scores.length + " scores");
        }
    }
}
