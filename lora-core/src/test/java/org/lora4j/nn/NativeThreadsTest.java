package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.factory.Nd4j;

class NativeThreadsTest {
    private static List<Integer> settings() {
        return List.of(
                Nd4j.getEnvironment().maxMasterThreads(), Nd4j.factory().blas().getMaxThreads());
    }

    @Test
    void givesTheThreadsToBlasUntilClosed() {
        List<Integer> before = settings();
        try (NativeThreads threads = NativeThreads.forBlas(2)) {
            assertThat(threads).isNotNull();
            assertThat(settings()).containsExactly(1, 2);
        }
        assertThat(settings()).isEqualTo(before);
    }

    @Test
    void givesAllProcessorsUnlessToldOtherwise() {
        List<Integer> before = settings();
        try (NativeThreads threads = NativeThreads.forBlas()) {
            assertThat(threads).isNotNull();
            assertThat(settings()).containsExactly(1, Runtime.getRuntime().availableProcessors());
        }
        assertThat(settings()).isEqualTo(before);
    }

    @Test
    void nests() {
        List<Integer> before = settings();
        try (NativeThreads outer = NativeThreads.forBlas(2)) {
            assertThat(outer).isNotNull();
            try (NativeThreads inner = NativeThreads.forBlas(1)) {
                assertThat(inner).isNotNull();
                assertThat(settings()).containsExactly(1, 1);
            }
            assertThat(settings()).containsExactly(1, 2);
        }
        assertThat(settings()).isEqualTo(before);
    }

    @Test
    void withoutAnEngineBlasGetsItsThreads() {
        List<Integer> before = settings();
        try (NativeThreads threads = NativeThreads.forEngine(2)) {
            assertThat(threads).isNotNull();
            assertThat(settings()).containsExactly(1, 2);
        }
        assertThat(settings()).isEqualTo(before);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NativeThreads.forEngine(0))
                .withMessage("the number of engine threads must be at least 1, found 0");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1})
    void refusesLessThanOneThread(int threads) {
        List<Integer> before = settings();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> NativeThreads.forBlas(threads))
                .withMessage("the number of BLAS threads must be at least 1, found " + threads);
        assertThat(settings()).isEqualTo(before);
    }
}
