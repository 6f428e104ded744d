package org.lora4j.cli.classify;

import java.util.List;

/**
 * How much more often one classifier is right than another on the same texts, and an interval of 95 % for that: with b texts that
 * only the first has right, c that only the second has right, and n texts, the difference is {@code (b − c)/n}. For the interval
 * half a text is added to each of the four counts of both, one and none being right: with b' = b + ½, c' = c + ½, n' = n + 2
 *
 * <pre>
 * (b' − c')/n' ± 1.96 · √(b' + c' − (b' − c')²/n') / n'
 * </pre>
 *
 * @param onlyFirst b
 * @param onlySecond c
 * @param difference the difference of the accuracies
 * @param low the lower end of the interval, at least −1
 * @param high the upper end, at most 1
 * @see <a href="https://doi.org/10.1002/sim.1781">Agresti and Min 2005: Simple improved confidence intervals for comparing matched
 *     proportions</a>
 */
public record PairedDifference(int onlyFirst, int onlySecond, double difference, double low, double high) {
    /** The quantile of the normal distribution for 95 %. */
    private static final double QUANTILE = 1.959964;

    /** Compares two classifiers. */
    static PairedDifference of(List<Integer> actual, List<Integer> first, List<Integer> second) {
        int onlyFirst = 0;
        int onlySecond = 0;
        for (int i = 0; i < actual.size(); i++) {
            boolean firstIsRight = first.get(i).equals(actual.get(i));
            boolean secondIsRight = second.get(i).equals(actual.get(i));
            onlyFirst += firstIsRight && !secondIsRight ? 1 : 0;
            onlySecond += secondIsRight && !firstIsRight ? 1 : 0;
        }
        return of(onlyFirst, onlySecond, actual.size());
    }

    static PairedDifference of(int onlyFirst, int onlySecond, int texts) {
        double more = onlyFirst - onlySecond;
        double n = texts + 2;
        double middle = more / n;
        double width = QUANTILE * Math.sqrt(onlyFirst + onlySecond + 1 - more * more / n) / n;
        return new PairedDifference(
                onlyFirst, onlySecond, more / texts, Math.max(-1, middle - width), Math.min(1, middle + width));
    }

    /**
     * Returns whether the texts show a difference.
     *
     * @return false if the interval has 0, so that chance can explain the difference
     */
    public boolean isFound() {
        return low > 0 || high < 0;
    }
}
