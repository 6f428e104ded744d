package org.lora4j.attack;

import java.time.Duration;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random adapters on random graphs, with seeds from {@code -Dsoak.seed} on for {@code -Dsoak.minutes}. */
@Tag("numbers")
class GraphAttackTest {
    private static final Duration TIME = Duration.ofMinutes(Integer.getInteger("soak.minutes", 2));
    private static final long SEED = Long.getLong("soak.seed", 1_000_000);

    static LongStream seeds() {
        return LongStream.range(0, 40);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    @Tag("slow")
    void aMergedGraphComputesWhatTheAdaptedOneDoes(long seed) {
        GraphAttack.run(seed);
    }

    @Test
    @Tag("soak")
    void manyMergedGraphsComputeWhatTheAdaptedOnesDo() {
        long begin = System.nanoTime();
        for (long seed = SEED; System.nanoTime() - begin < TIME.toNanos(); seed++) {
            GraphAttack.run(seed);
        }
    }
}
