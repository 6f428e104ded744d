package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.function.Consumer;

/**
 * Counts the native objects that repeated work makes. Work that has reached its steady state makes none.
 *
 * <p>A thread that the operating system runs late gets its first part of the work late, and makes its buffers then. So
 * only the number of calls that make something is limited, not how late they come.
 */
public final class SteadyState {
    /** So many calls in a row must make nothing. */
    private static final int CALLS = 50;

    /** More than the parts that threads can get for the first time, each in a call of its own. */
    private static final int FIRST_PARTS = 2_000;

    private final int most;
    private final long usual;
    private long made = NativeObjects.made();
    private int making;
    private int quiet;

    private SteadyState(int most, long usual) {
        this.most = most;
        this.usual = usual;
    }

    /** Is to be called after each call of the work. */
    public void count() {
        long now = NativeObjects.made();
        if (now - made == usual) {
            quiet++;
        } else {
            quiet = 0;
            making++;
        }
        made = now;
    }

    /** Whether nothing can change any more: it is reached, or too many calls have made something. */
    public boolean isDecided() {
        return quiet >= CALLS || making > most;
    }

    private void requireReached() {
        assertThat(making).as("calls that made native objects").isLessThanOrEqualTo(most);
        assertThat(quiet).as("calls in a row that made none").isGreaterThanOrEqualTo(CALLS);
    }

    /** Fails unless work reaches its steady state after a few calls, or later if several threads compute it. */
    public static void assertReached(int few, Runnable call) {
        assertReached(few, 0, call);
    }

    /** The same for calls whose result is a number of native objects. */
    public static void assertReached(int few, long result, Runnable call) {
        check(few, result, state -> {
            while (!state.isDecided()) {
                call.run();
                state.count();
            }
        });
    }

    /** The same for work that counts its calls, and ends when it is decided. */
    public static void assertReachedIn(int few, Consumer<SteadyState> work) {
        check(few, 0, work);
    }

    private static void check(int few, long result, Consumer<SteadyState> work) {
        SteadyState alone = new SteadyState(few, result);
        try (NativeThreads all = NativeThreads.forBlas()) { // The caller computes all parts.
            assertThat(all).isNotNull();
            work.accept(alone);
        }
        alone.requireReached();
        SteadyState together = new SteadyState(FIRST_PARTS, result);
        work.accept(together);
        together.requireReached();
    }
}
