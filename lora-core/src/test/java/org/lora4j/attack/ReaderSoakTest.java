package org.lora4j.attack;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reads mutated files for {@code -Dsoak.minutes} each kind, with seeds from {@code -Dsoak.seed} on. The heap must be small,
 * so that a file that claims much memory is found.
 */
@Tag("soak")
class ReaderSoakTest {
    private static final Duration TIME = Duration.ofMinutes(Integer.getInteger("soak.minutes", 2));
    private static final long SEED = Long.getLong("soak.seed", 1_000_000);

    static Stream<Arguments> kinds() {
        return ReaderAttackTest.kinds();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    void readsOrRefusesEveryFile(String kind, Target target) throws Exception {
        try (Attack attack = new Attack(target)) {
            attack.readSamples();
            ResidentMemory memory = ResidentMemory.measure();
            long begin = System.nanoTime();
            for (long seed = SEED; System.nanoTime() - begin < TIME.toNanos(); seed++) {
                attack.readMutation(seed);
            }
            System.out.println(kind + ": " + attack.accepted() + " files accepted, " + attack.refused() + " refused");
            attack.requireNoFailure();
            memory.requireGrowthBelow(100);
        }
    }
}
