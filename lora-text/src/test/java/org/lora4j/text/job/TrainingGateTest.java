package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.lora4j.fixtures.MustEnd;

/** Trainings let requests go first, and one another beside them. */
@MustEnd
class TrainingGateTest {
    private final AtomicBoolean serves = new AtomicBoolean();
    private final TrainingTotals totals = new TrainingTotals();

    @Test
    void oneTrainingUsesAllThreadsWhileNoRequestRuns() {
        TrainingTurns turns = new TrainingTurns(serves::get, 0.5, totals);
        TrainingGate gate = new TrainingGate(turns);
        TrainingGate other = new TrainingGate(turns);
        gate.enter();
        assertThat(gate.awaitTurn()).isTrue();
        other.enter();
        assertThat(gate.awaitTurn()).isFalse();
        assertThat(other.awaitTurn()).isFalse();
        other.leave();
        assertThat(gate.awaitTurn()).isTrue();
        serves.set(true);
        assertThat(gate.awaitTurn()).isFalse();
        gate.leave();
    }

    @Test
    void besideRequestsOneTrainingComputesAtATimeForTheShareOfAll() throws InterruptedException {
        serves.set(true);
        TrainingTurns turns = new TrainingTurns(serves::get, 0.5, totals);
        AtomicInteger inside = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger taken = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        List<TrainingGate> gates = List.of(new TrainingGate(turns), new TrainingGate(turns), new TrainingGate(turns));
        gates.forEach(TrainingGate::enter);
        long begin = System.nanoTime();
        for (TrainingGate gate : gates) {
            Thread thread = new Thread(() -> {
                for (int i = 0; i < 20; i++) {
                    assertThat(gate.awaitTurn()).isFalse();
                    most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                    long until = System.nanoTime() + 1_000_000;
                    while (System.nanoTime() < until) {
                        Thread.onSpinWait();
                    }
                    inside.decrementAndGet();
                    taken.incrementAndGet();
                }
                gate.leave();
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        long nanos = System.nanoTime() - begin;
        assertThat(taken).hasValue(60);
        assertThat(most).hasValue(1);
        // A turn takes at least 1 ms, and the first thread that ends was one of three until then: 19 rests of at least
        // 5 ms.
        assertThat(nanos).isGreaterThan(19 * 5_000_000L);
        assertThat(totals.use().computing().toNanos()).isGreaterThanOrEqualTo(60_000_000L);
    }
}
