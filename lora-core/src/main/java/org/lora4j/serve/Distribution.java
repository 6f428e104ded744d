package org.lora4j.serve;

import java.util.Arrays;
import java.util.Locale;

/**
 * How often values of different sizes occurred, such as times in nanoseconds. Values are grouped: 16 groups for each power of
 * two, so that a {@link #percentile} is at most 6.25 % too high. Immutable.
 */
public final class Distribution {
    /** The number of groups for values below 2⁶³. */
    static final int GROUPS = 16 * 61;

    private static final int GROUP_BITS = 4;

    private final long[] counts;
    private final long count;
    private final long sum;
    private final long max;

    Distribution(long[] counts, long sum, long max) {
        this.counts = counts.clone();
        count = Arrays.stream(counts).sum();
        this.sum = sum;
        this.max = max;
    }

    /** The group of a value, which is not negative. */
    static int group(long value) {
        int shift = Math.max(0, Long.SIZE - 1 - GROUP_BITS - Long.numberOfLeadingZeros(value));
        return (shift << GROUP_BITS) + (int) (value >>> shift);
    }

    /** The largest value of a group. */
    private static long largest(int group) {
        int shift = Math.max(0, (group >>> GROUP_BITS) - 1);
        long first = group - ((long) shift << GROUP_BITS);
        return ((first + 1) << shift) - 1;
    }

    /**
     * Returns how many values there are.
     *
     * @return the number of values
     */
    public long count() {
        return count;
    }

    /**
     * Returns the sum of all values.
     *
     * @return the sum
     */
    public long sum() {
        return sum;
    }

    /**
     * Returns the mean of all values.
     *
     * @return the mean, or 0 if there are no values
     */
    public double mean() {
        return count == 0 ? 0 : (double) sum / count;
    }

    /**
     * Returns the largest value.
     *
     * @return the largest value, or 0 if there are no values
     */
    public long max() {
        return max;
    }

    /**
     * Returns a bound that a part of the values does not exceed.
     *
     * @param percent the part, from 0 to 100: 50 for the median
     * @return the bound, at most 6.25 % too high, or 0 if there are no values
     * @throws IllegalArgumentException if the part is outside these bounds
     */
    public long percentile(double percent) {
        if (!(percent >= 0 && percent <= 100)) {
            throw new IllegalArgumentException("percent must be from 0 to 100, found " + percent);
        }
        long wanted = Math.max(1, (long) Math.ceil(percent / 100 * count));
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= wanted) {
                return Math.min(max, largest(i));
            }
        }
        return max;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "Distribution[count=%d, mean=%.1f, median=%d, 99 %%=%d, max=%d]",
                count,
                mean(),
                percentile(50),
                percentile(99),
                max);
    }
}
