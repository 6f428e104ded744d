package org.lora4j.text.metrics;

import java.util.List;

/**
 * How much better one model is than another on the same examples, and an interval of 95 % for it. A difference above 0 means that
 * the first is better.
 *
 * @param difference the mean difference
 * @param low the lower end of the interval
 * @param high the upper end
 */
public record PairedDifference(double difference, double low, double high) {
    /** The quantile of the normal distribution for 95 %. */
    static final double QUANTILE = 1.959964;

    /** Student's quantiles for 95 % and 1 to 10 degrees of freedom. */
    private static final double[] STUDENT = {
        12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281
    };

    /** From so many examples on, the interval of a mean without bounds needs no correction. */
    private static final int FEWEST = 2;

    /**
     * Compares metrics between 0 and 1, such as whether a text is classified rightly. With the difference {@code dᵢ} of n examples,
     * half an example with the difference 1, half with −1 and one with 0 are added for the interval, so that few examples do not
     * look certain. With n' = n + 2 it is
     *
     * <pre>Σ dᵢ/n' ± 1.96 · √(Σ dᵢ² + 1 − (Σ dᵢ)²/n') / n'</pre>
     *
     * <p>If each metric is 0 or 1, this is the interval of Agresti and Min.
     *
     * @param first the metric of the first model on each example
     * @param second that of the second model
     * @return the comparison
     * @throws IllegalArgumentException if there is no example, or the lengths differ
     * @see <a href="https://doi.org/10.1002/sim.1781">Agresti and Min 2005: Simple improved confidence intervals for comparing
     *     matched proportions</a>
     */
    public static PairedDifference ofShares(List<Double> first, List<Double> second) {
        requirePairs(first, second);
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < first.size(); i++) {
            double difference = first.get(i) - second.get(i);
            sum += difference;
            squares += difference * difference;
        }
        double n = first.size() + 2;
        double middle = sum / n;
        double width = QUANTILE * Math.sqrt(squares + 1 - sum * sum / n) / n;
        return new PairedDifference(sum / first.size(), Math.max(-1, middle - width), Math.min(1, middle + width));
    }

    /**
     * Compares losses, of which a smaller one is better, with a weight for each example: the sum of the losses of its tokens, and
     * their number. With {@code dᵢ}, how much smaller the sum of the first model is, weights {@code wᵢ} and D = Σ dᵢ/Σ wᵢ, the
     * interval is that of a ratio,
     *
     * <pre>D ± q · √(n/(n − 1) · Σ (dᵢ − D·wᵢ)²) / Σ wᵢ</pre>
     *
     * <p>with Student's q for 95 % and n − 1 degrees of freedom (Cochran 1977, Sampling Techniques, section 2.11). One example has
     * no interval: it goes from −∞ to ∞.
     *
     * @param first the sum of the losses of the first model on each example
     * @param second that of the second model
     * @param weights the weight of each example, positive
     * @return the comparison
     * @throws IllegalArgumentException if there is no example, or the lengths differ
     */
    public static PairedDifference ofLosses(List<Double> first, List<Double> second, List<Double> weights) {
        requirePairs(first, second);
        requirePairs(first, weights);
        double sum = 0;
        double all = 0;
        for (int i = 0; i < first.size(); i++) {
            sum += second.get(i) - first.get(i);
            all += weights.get(i);
        }
        double ratio = sum / all;
        int n = first.size();
        if (n < FEWEST) {
            return new PairedDifference(ratio, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY);
        }
        double squares = 0;
        for (int i = 0; i < n; i++) {
            double rest = second.get(i) - first.get(i) - ratio * weights.get(i);
            squares += rest * rest;
        }
        double width = student(n - 1) * Math.sqrt(n / (n - 1.0) * squares) / all;
        return new PairedDifference(ratio, ratio - width, ratio + width);
    }

    /** Student's quantile for 95 %: of the table for few degrees of freedom, else to 0.001 (Hill 1970, doi:10.1145/355598.362775). */
    static double student(int freedom) {
        if (freedom <= STUDENT.length) {
            return STUDENT[freedom - 1];
        }
        double z = QUANTILE;
        double z3 = z * z * z;
        double z5 = z3 * z * z;
        double z7 = z5 * z * z;
        double f = freedom;
        return z
                + (z3 + z) / (4 * f)
                + (5 * z5 + 16 * z3 + 3 * z) / (96 * f * f)
                + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * f * f * f);
    }

    /**
     * Compares F1 of all spans, or of other things that are found, from the counts of each text. With c, which are right, and n, those that
     * were predicted and those that there are together, {@code F = 2·Σ cᵢ/Σ nᵢ}, and the interval is that of a difference of two ratios,
     *
     * <pre>F − F' ± q · √(n/(n − 1) · Σ (uᵢ − u'ᵢ)²), uᵢ = (2·cᵢ − F·nᵢ)/Σ nᵢ</pre>
     *
     * <p>with Student's q for 95 % and n − 1 degrees of freedom of n texts. One text has no interval.
     *
     * @param first the counts of the first model on each text
     * @param second those of the second model
     * @return the comparison
     * @throws IllegalArgumentException if there is no text, or the lengths differ
     */
    public static PairedDifference ofF1(List<PrecisionRecall> first, List<PrecisionRecall> second) {
        requirePairs(first, second);
        double[] shares = parts(first);
        double[] others = parts(second);
        double difference =
                PrecisionRecall.sum(first).f1() - PrecisionRecall.sum(second).f1();
        int n = first.size();
        if (n < FEWEST) {
            return new PairedDifference(difference, -1, 1);
        }
        double squares = 0;
        for (int i = 0; i < n; i++) {
            squares += (shares[i] - others[i]) * (shares[i] - others[i]);
        }
        double width = student(n - 1) * Math.sqrt(n / (n - 1.0) * squares);
        return new PairedDifference(difference, Math.max(-1, difference - width), Math.min(1, difference + width));
    }

    /** What each text adds to F1, less what one like all of them would add. */
    private static double[] parts(List<PrecisionRecall> texts) {
        PrecisionRecall all = PrecisionRecall.sum(texts);
        double found = Math.max(1, all.predicted() + all.actual());
        return texts.stream()
                .mapToDouble(one -> (2 * one.correct() - all.f1() * (one.predicted() + one.actual())) / found)
                .toArray();
    }

    /**
     * Compares how well two models predict the same examples: their losses, weighted by their tokens.
     *
     * @param first what was measured of the first model on each example
     * @param second that of the second model
     * @return the comparison, in nats for a token
     * @throws IllegalArgumentException if there is no example, or the lengths differ
     */
    public static PairedDifference ofLosses(List<Perplexity> first, List<Perplexity> second) {
        return ofLosses(
                nats(first),
                nats(second),
                first.stream().map(one -> (double) one.tokens()).toList());
    }

    private static List<Double> nats(List<Perplexity> losses) {
        return losses.stream().map(Perplexity::nats).toList();
    }

    private static void requirePairs(List<?> first, List<?> second) {
        if (first.size() == 0 || first.size() != second.size()) {
            throw new IllegalArgumentException("there must be two numbers for each of at least one example, found "
                    + first.size() + " and " + second.size());
        }
    }

    /**
     * Returns whether the first is better.
     *
     * @return true if the whole interval is above 0
     */
    public boolean isBetter() {
        return low > 0;
    }

    /**
     * Returns whether the first is worse.
     *
     * @return true if the whole interval is below 0
     */
    public boolean isWorse() {
        return high < 0;
    }
}
