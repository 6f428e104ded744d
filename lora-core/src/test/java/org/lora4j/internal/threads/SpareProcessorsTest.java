package org.lora4j.internal.threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.NativeThreads;

class SpareProcessorsTest {
    private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

    @ParameterizedTest
    @CsvSource({"0, 1", "1, 1", "7, 3", "100, 1", "101, 50", "10, 11"})
    void everyElementIsProcessedOnce(int count, int least) {
        AtomicIntegerArray done = new AtomicIntegerArray(count);
        try (NativeThreads threads = NativeThreads.forBlas(1)) {
            assertThat(threads).isNotNull();
            SpareProcessors.run(count, least, (from, to) -> {
                for (int i = from; i < to; i++) {
                    done.incrementAndGet(i);
                }
            });
        }
        for (int i = 0; i < count; i++) {
            assertThat(done.get(i)).isOne();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void theNumberOfPartsIsTheNumberOfProcessorsDividedByTheBlasThreads(int blas) {
        Set<Integer> starts = ConcurrentHashMap.newKeySet();
        try (NativeThreads threads = NativeThreads.forBlas(blas)) {
            assertThat(threads).isNotNull();
            SpareProcessors.run(1000, 1, (from, to) -> starts.add(from));
        }
        assertThat(starts).hasSize(Math.max(1, PROCESSORS / blas));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1000})
    void anExceptionOfAPartIsThrown(int count) {
        try (NativeThreads threads = NativeThreads.forBlas(1)) {
            assertThat(threads).isNotNull();
            assertThatIllegalStateException()
                    .isThrownBy(() -> SpareProcessors.run(count, 1, (from, to) -> {
                        throw new IllegalStateException("failed");
                    }))
                    .withMessageContaining("failed");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void theThreadsOfAProductEngineRunParts(int threads) {
        int before = ThreadTeam.shared().threads();
        ThreadTeam.shared().setThreads(threads);
        Set<String> others = ConcurrentHashMap.newKeySet();
        Set<Integer> starts = ConcurrentHashMap.newKeySet();
        try {
            SpareProcessors.run(1000, 1, (from, to) -> {
                starts.add(from);
                others.add(Thread.currentThread().getName());
            });
        } finally {
            ThreadTeam.shared().setThreads(before);
        }
        others.remove(Thread.currentThread().getName());
        assertThat(starts).hasSize(threads);
        assertThat(others).allMatch(name -> name.matches("lora4j-\\d+"));
    }
}
