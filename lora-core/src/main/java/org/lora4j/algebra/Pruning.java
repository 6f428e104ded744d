package org.lora4j.algebra;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Sets some entries of a tensor to zero. */
@FunctionalInterface
interface Pruning {
    /** Returns the values with some entries set to zero. Does not write to the argument. */
    double[] prune(double[] values, RandomGenerator random);

    /** Keeps every entry. */
    static Pruning none() {
        return (values, random) -> values;
    }

    /**
     * Keeps the ⌊density·n⌋ entries of largest magnitude. If magnitudes are equal, it keeps the first ones.
     *
     * @throws IllegalArgumentException if the density is not in (0, 1]
     */
    static Pruning magnitude(double density) {
        requireDensity(density);
        return (values, random) -> density == 1 ? values : largest(values, (int) (density * values.length));
    }

    /**
     * Keeps each entry with probability {@code density} and divides it by {@code density}, so the expected value stays the
     * same (DARE, <a href="https://arxiv.org/abs/2311.03099">arXiv:2311.03099</a>).
     *
     * @throws IllegalArgumentException if the density is not in (0, 1]
     */
    static Pruning random(double density) {
        requireDensity(density);
        return (values, random) -> density == 1
                ? values
                : Arrays.stream(values)
                        .map(value -> random.nextDouble() < density ? value / density : 0)
                        .toArray();
    }

    private static void requireDensity(double density) {
        if (!(density > 0 && density <= 1)) {
            throw new IllegalArgumentException("the density must be in (0, 1], found " + density);
        }
    }

    private static double[] largest(double[] values, int count) {
        double[] kept = new double[values.length];
        if (count == 0) {
            return kept;
        }
        double[] magnitudes = Arrays.stream(values).map(Math::abs).sorted().toArray();
        double threshold = magnitudes[magnitudes.length - count];
        int atThreshold = 0;
        for (int i = magnitudes.length - count; i < magnitudes.length && magnitudes[i] == threshold; i++) {
            atThreshold++;
        }
        for (int i = 0; i < values.length; i++) {
            double magnitude = Math.abs(values[i]);
            if (magnitude > threshold || (magnitude == threshold && atThreshold-- > 0)) {
                kept[i] = values[i];
            }
        }
        return kept;
    }
}
