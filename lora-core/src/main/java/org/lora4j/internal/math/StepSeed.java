package org.lora4j.internal.math;

import java.util.SplittableRandom;

/** Computes the seed of the random numbers of one step, so that a resumed training draws the same again. */
public final class StepSeed {
    private StepSeed() {}

    /**
     * Mixes a seed with the number of a step.
     *
     * @param seed the seed of a layer
     * @param step the number of the step
     * @return the seed of the step
     */
    public static long of(long seed, long step) {
        // Drawn, not added up: generators whose seeds differ by a multiple of their increment give the same numbers,
        // shifted.
        long first = new SplittableRandom(seed).nextLong();
        return new SplittableRandom(first + step).nextLong();
    }

    /**
     * Returns the seed of one row of a step.
     *
     * @param stepSeed the seed of the step
     * @param row the number of the row
     * @return the seed of the row
     */
    public static long ofRow(long stepSeed, long row) {
        return new SplittableRandom(stepSeed + row).nextLong();
    }
}
