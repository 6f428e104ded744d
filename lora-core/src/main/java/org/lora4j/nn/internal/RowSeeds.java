package org.lora4j.nn.internal;

import java.util.SplittableRandom;

/** The seeds of random numbers by step and row, so that any row of any step can be drawn again. */
final class RowSeeds {
    private RowSeeds() {}

    static long ofStep(long seed, long step) {
        // Drawn, not added up: generators whose seeds differ by a multiple of their increment give the same numbers.
        long first = new SplittableRandom(seed).nextLong();
        return new SplittableRandom(first + step).nextLong();
    }

    static long ofRow(long stepSeed, long row) {
        return new SplittableRandom(stepSeed + row).nextLong();
    }
}
