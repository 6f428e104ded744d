package org.lora4j.text.metrics;

/**
 * A share of examples, such as of those that are answered rightly, with an interval of 95 %.
 *
 * @param share from 0 to 1
 * @param low the lower end of the interval
 * @param high the upper end
 */
public record Share(double share, double low, double high) {
    /**
     * Returns a share with Wilson's interval. With p = count/n and z = 1.96 it is
     *
     * <pre>(p + z²/2n ± z · √(p·(1 − p)/n + z²/4n²)) / (1 + z²/n)</pre>
     *
     * @param count how many examples
     * @param n how many there are
     * @return the share
     * @throws IllegalArgumentException if there is no example, or the count is not from 0 to all
     * @see <a href="https://doi.org/10.1080/01621459.1927.10502953">Wilson 1927: Probable inference, the law of succession, and statistical
     *     inference</a>
     */
    public static Share of(int count, int n) {
        if (n < 1 || count < 0 || count > n) {
            throw new IllegalArgumentException(
                    "a share must be of at least one example, and from 0 to all, found " + count + " of " + n);
        }
        double p = (double) count / n;
        double square = PairedDifference.QUANTILE * PairedDifference.QUANTILE / n;
        double middle = p + square / 2;
        double width = Math.sqrt(square * (p * (1 - p) + square / 4));
        // Rounding must not leave the share out.
        return new Share(
                p,
                Math.max(0, Math.min(p, (middle - width) / (1 + square))),
                Math.min(1, Math.max(p, (middle + width) / (1 + square))));
    }
}
