package org.lora4j.cli.retrieval;

import org.jspecify.annotations.Nullable;

/**
 * How texts are chosen that look like an answer and are none.
 *
 * @param negatives how many are chosen for a query, at least 1
 * @param rangeMin how many candidates are left out, the most similar ones
 * @param rangeMax up to which rank texts are candidates; null for as many as the other settings need
 * @param maxScore the greatest similarity of a negative; null for any
 * @param minScore the least similarity of a negative; null for any
 * @param absoluteMargin by how much a negative is less similar than each text that belongs to the query; null for any
 * @param relativeMargin the same as a share of the similarity of that text; null for any
 * @param sampling which candidates are chosen
 */
public record MiningSettings(
        int negatives,
        int rangeMin,
        @Nullable Integer rangeMax,
        @Nullable Double maxScore,
        @Nullable Double minScore,
        @Nullable Double absoluteMargin,
        @Nullable Double relativeMargin,
        Sampling sampling) {
    /** Which of the candidates become negatives. */
    public enum Sampling {
        /** The most similar ones. */
        TOP,
        /** Some of them by chance. */
        RANDOM
    }

    /** Checks the numbers. */
    public MiningSettings {
        require(negatives >= 1, "--negatives must be at least 1, found " + negatives);
        require(rangeMin >= 0, "--range-min must be at least 0, found " + rangeMin);
        require(
                rangeMax == null || rangeMax - (long) rangeMin >= negatives,
                "--range-max must leave " + negatives + " candidates after the first " + rangeMin
                        + " that --range-min leaves out, found " + rangeMax);
        requireFinite("--max-score", maxScore);
        requireFinite("--min-score", minScore);
        requireFinite("--absolute-margin", absoluteMargin);
        requireFinite("--relative-margin", relativeMargin);
    }

    private static void requireFinite(String option, @Nullable Double value) {
        require(value == null || Double.isFinite(value), option + " must be a finite number, found " + value);
    }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(rule);
        }
    }

    /** Up to which rank texts are candidates, if at most so many belong to one query. */
    int lastRank(int mostPositives) {
        if (rangeMax != null) {
            return rangeMax;
        }
        boolean excludes = absoluteMargin != null || relativeMargin != null || maxScore != null;
        // Ten times as many, because some are excluded.
        long needed = (excludes ? 10L : 1L) * negatives;
        return (int) Math.min(Integer.MAX_VALUE, rangeMin + needed + mostPositives);
    }
}
