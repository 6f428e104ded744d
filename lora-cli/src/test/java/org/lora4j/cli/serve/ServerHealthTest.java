package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** What an operator's programs are told of the server. */
class ServerHealthTest {
    private static final String HEAP = "the heap is full";
    private static final String THREADS = "the threads that read texts stand still";

    private final AtomicLong clock = new AtomicLong();
    private double heap = 0.5;
    private Duration standstill = Duration.ZERO;
    private final ServerHealth health = new ServerHealth(() -> heap, () -> standstill, clock::get);

    private void passSeconds(long seconds) {
        clock.addAndGet(TimeUnit.SECONDS.toNanos(seconds));
    }

    @Test
    void aFullHeapIsNotReadyAndLaterNotAlive() {
        assertThat(health.notReady()).isEmpty();
        assertThat(health.notAlive()).isEmpty();
        heap = 0.97;
        assertThat(health.notReady()).containsExactly(HEAP);
        passSeconds(100);
        assertThat(health.notAlive()).isEmpty();
        passSeconds(21);
        assertThat(health.notAlive()).containsExactly(HEAP);
        heap = 0.9;
        assertThat(health.notReady()).isEmpty();
        heap = 0.97;
        assertThat(health.notAlive()).isEmpty();
    }

    @Test
    void anErrorForWantOfMemoryCountsForSomeSeconds() {
        health.outOfMemory();
        assertThat(health.notReady()).containsExactly(HEAP);
        passSeconds(11);
        assertThat(health.notReady()).isEmpty();
    }

    @Test
    void blockedThreadsAreNotReadyAndLaterNotAlive() {
        standstill = Duration.ofSeconds(9);
        assertThat(health.notReady()).isEmpty();
        standstill = Duration.ofSeconds(10);
        assertThat(health.notReady()).containsExactly(THREADS);
        assertThat(health.notAlive()).isEmpty();
        standstill = Duration.ofMinutes(2);
        assertThat(health.notAlive()).containsExactly(THREADS);
    }
}
