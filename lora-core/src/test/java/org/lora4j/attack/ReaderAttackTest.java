package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reads the corpus and mutated files. The number of mutations and the seeds are the same in every run; {@code
 * -Dattack.seed=7} and {@code -Dattack.mutations=100000} try others.
 */
@Timeout(value = 1, unit = TimeUnit.HOURS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ReaderAttackTest {
    private static final long SEED = Long.getLong("attack.seed", 1);
    private static final int MUTATIONS = Integer.getInteger("attack.mutations", 4_000);

    static Stream<Target> targets() {
        return Stream.of(new SafeTensorsTarget(), new PeftTarget(), new NetworkTarget(), new CheckpointTarget());
    }

    @ParameterizedTest
    @MethodSource("targets")
    void readsOrRefusesEveryFile(Target target) throws Exception {
        Attack attack = new Attack(target);
        attack.readSamples();
        for (int i = 0; i < MUTATIONS; i++) {
            attack.readMutation(SEED * 1_000_000_007L + i);
        }
        attack.requireNoFailure();
        // A fuzzer whose files are all refused at once, or all accepted, tests little.
        assertThat(attack.accepted()).isGreaterThan(MUTATIONS / 50);
        assertThat(attack.refused()).isGreaterThan(MUTATIONS / 4);
    }
}
