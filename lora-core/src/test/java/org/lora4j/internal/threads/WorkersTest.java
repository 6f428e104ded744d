package org.lora4j.internal.threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WorkersTest {
    private static final long SECOND = 1_000_000_000;

    private final int threads = ThreadTeam.shared().threads();
    private final AtomicInteger created = new AtomicInteger();
    private final Workers<Integer> workers = new Workers<>(created::getAndIncrement);

    @AfterEach
    void restoreThreads() {
        ThreadTeam.shared().setThreads(threads);
    }

    @ParameterizedTest
    @CsvSource({"1, 7", "2, 7", "3, 7", "3, 2", "3, 0"})
    void eachTaskRunsOnceAndAlwaysWithTheSameWorker(int count, int tasks) {
        ThreadTeam.shared().setThreads(count);
        Map<Integer, Integer> workerOfTask = new ConcurrentHashMap<>();
        for (int run = 0; run < 200; run++) {
            AtomicIntegerArray done = new AtomicIntegerArray(tasks);
            workers.run(tasks, SECOND, (worker, i) -> {
                done.incrementAndGet(i);
                assertThat(workerOfTask.computeIfAbsent(i, key -> worker)).isEqualTo(worker);
            });
            for (int i = 0; i < tasks; i++) {
                assertThat(done.get(i)).isOne();
            }
        }
        if (count > 1) {
            assertThat(created).hasValue(Math.max(1, Math.min(count, tasks)));
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 5, 5", "2, 5, 90", "3, 0, 1000", "3, 7, 8", "3, 8, 8"})
    void eachRowIsProcessedOnceByOneWorkerAtATime(int count, int from, int to) {
        ThreadTeam.shared().setThreads(count);
        for (int run = 0; run < 50; run++) {
            AtomicIntegerArray done = new AtomicIntegerArray(to + 1);
            Map<Integer, Thread> owners = new ConcurrentHashMap<>();
            workers.runRows(from, to, 1_000, (worker, begin, end) -> {
                assertThat(owners.put(worker, Thread.currentThread())).isNull();
                for (int i = begin; i < end; i++) {
                    done.incrementAndGet(i);
                }
                owners.remove(worker);
            });
            for (int i = 0; i < done.length(); i++) {
                assertThat(done.get(i)).isEqualTo(i >= from && i < to ? 1 : 0);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1_000, 35_000})
    void littleWorkStaysInTheThreadOfTheCaller(long nanos) {
        ThreadTeam.shared().setThreads(3);
        List<Thread> used = new ArrayList<>();
        workers.run(4, nanos, (worker, i) -> used.add(Thread.currentThread()));
        assertThat(used).hasSize(4).containsOnly(Thread.currentThread());
        assertThat(created).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void anExceptionIsThrown(int count) {
        ThreadTeam.shared().setThreads(count);
        assertThatIllegalStateException()
                .isThrownBy(() -> workers.run(5, SECOND, (worker, i) -> {
                    throw new IllegalStateException("failed");
                }))
                .withMessageContaining("failed");
        assertThatIllegalStateException()
                .isThrownBy(() -> workers.runRows(0, 5, SECOND, (worker, begin, end) -> {
                    throw new IllegalStateException("failed");
                }))
                .withMessageContaining("failed");
    }
}
