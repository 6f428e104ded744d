package org.lora4j.internal.threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.MustEnd;

@MustEnd
class ThreadTeamTest {
    private final ThreadTeam team = new ThreadTeam();

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 8})
    void eachPartIsComputedOnce(int threads) {
        team.setThreads(threads);
        for (int run = 0; run < 2_000; run++) {
            int parts = 1 + run % 7;
            AtomicIntegerArray computed = new AtomicIntegerArray(parts);
            team.run(parts, computed::incrementAndGet);
            for (int i = 0; i < parts; i++) {
                assertThat(computed.get(i)).isEqualTo(1);
            }
        }
    }

    @Test
    void oneThreadIsThatOfTheCaller() {
        Set<Thread> used = ConcurrentHashMap.newKeySet();
        team.run(5, i -> used.add(Thread.currentThread()));
        assertThat(used).containsExactly(Thread.currentThread());
    }

    @Test
    void partsRunAtTheSameTime() {
        team.setThreads(3);
        CountDownLatch all = new CountDownLatch(3);
        team.run(3, i -> {
            all.countDown();
            waitFor(all);
        });
        assertThat(all.getCount()).isZero();
    }

    private static void waitFor(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void computesAfterItsThreadsSlept() throws InterruptedException {
        team.setThreads(2);
        for (int run = 0; run < 20; run++) {
            AtomicInteger sum = new AtomicInteger();
            team.run(4, sum::addAndGet);
            assertThat(sum).hasValue(6);
            Thread.sleep(run);
        }
    }

    /** A thread that waits actively takes the processor from a thread for which it waits. */
    @Test
    void aCallerSleepsUntilTheLastPartIsDoneAndAThreadWithoutWorkSleeps() {
        team.setThreads(2);
        Thread caller = Thread.currentThread();
        AtomicReference<Thread> helper = new AtomicReference<>();
        CountDownLatch both = new CountDownLatch(2);
        team.run(2, i -> {
            both.countDown();
            waitFor(both);
            if (Thread.currentThread() != caller) {
                helper.set(Thread.currentThread());
                awaitSleep(caller);
            }
        });
        awaitSleep(Objects.requireNonNull(helper.get()));
    }

    private static void awaitSleep(Thread thread) {
        while (thread.getState() != Thread.State.WAITING && thread.getState() != Thread.State.TIMED_WAITING) {
            Thread.onSpinWait();
        }
    }

    @Test
    void manyCallersAtOnceGetTheirOwnResults() throws InterruptedException {
        team.setThreads(4);
        AtomicInteger wrong = new AtomicInteger();
        List<Thread> callers = new ArrayList<>();
        for (int c = 0; c < 6; c++) {
            Thread caller = new Thread(() -> {
                for (int run = 0; run < 2_000; run++) {
                    AtomicInteger sum = new AtomicInteger();
                    team.run(5, sum::addAndGet);
                    if (sum.get() != 10) {
                        wrong.incrementAndGet();
                    }
                }
            });
            caller.start();
            callers.add(caller);
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertThat(wrong).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void throwsTheExceptionOfAPartAfterAllParts(int threads) {
        team.setThreads(threads);
        AtomicInteger done = new AtomicInteger();
        assertThatIllegalStateException()
                .isThrownBy(() -> team.run(2, i -> {
                    done.incrementAndGet();
                    if (i == 1) {
                        throw new IllegalStateException("part " + i);
                    }
                }))
                .withMessage("part 1");
        assertThat(done).hasValue(2);
        team.run(2, i -> done.incrementAndGet());
        assertThat(done).hasValue(4);
        assertThatExceptionOfType(OutOfMemoryError.class)
                .isThrownBy(() -> team.run(2, i -> {
                    throw new OutOfMemoryError();
                }));
    }

    @Test
    void itsThreadsDoNotKeepTheProgramAlive() {
        team.setThreads(2);
        Set<Thread> used = ConcurrentHashMap.newKeySet();
        CountDownLatch both = new CountDownLatch(2);
        team.run(2, i -> {
            used.add(Thread.currentThread());
            both.countDown();
            waitFor(both);
        });
        used.remove(Thread.currentThread());
        assertThat(used).singleElement().satisfies(thread -> {
            assertThat(thread.isDaemon()).isTrue();
            assertThat(thread.getName()).isEqualTo("lora4j-1");
        });
    }
}
