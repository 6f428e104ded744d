package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.fixtures.MustEnd;

/** Reads the corpus and some thousand mutated files, the same ones in every run. */
@Tag("slow")
class ReaderAttackTest {
    private static final int MUTATIONS = 3_000;

    /** All readers of files of strangers. */
    static List<Target> targets() {
        return List.of(
                new SafeTensorsTarget(),
                new GgufTarget(),
                new PeftTarget(),
                new NetworkTarget(),
                new CheckpointTarget(),
                new EncoderTarget());
    }

    static Stream<Arguments> kinds() {
        return targets().stream().map(target -> arguments(target.kind(), target));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("kinds")
    @MustEnd
    void readsOrRefusesEveryFile(String kind, Target target) throws Exception {
        try (Attack attack = new Attack(target)) {
            attack.readSamples();
            for (int seed = 0; seed < MUTATIONS; seed++) {
                attack.readMutation(seed);
            }
            attack.requireNoFailure();
            // A fuzzer whose files are all refused, or all accepted, tests little.
            assertThat(attack.accepted()).as("accepted files of %s", kind).isGreaterThan(MUTATIONS / 50);
            assertThat(attack.refused()).as("refused files of %s", kind).isGreaterThan(MUTATIONS / 2);
        }
    }
}
