package org.lora4j.text.grammar.internal;

import org.lora4j.serve.FairLimiter;

/**
 * How much is computed for a grammar at a time, in steps that take about the same time each. Every few thousand of them it asks
 * {@link FairLimiter#spend} whether to go on, so that the work is charged, and ends when nobody waits for it. Not thread-safe.
 */
final class Effort {
    /** Some seconds. */
    static final long MOST = 30_000_000;

    private static final int PART = 4096;

    private long most = MOST;
    private long steps;
    private long unspent;

    /** More steps are needed than were allowed for now. What was computed so far is known the next time. */
    static final class Exhausted extends RuntimeException {
        private static final long serialVersionUID = 1;

        Exhausted() {
            super("more steps are needed", null, false, false);
        }
    }

    /** Begins with no steps, for the next thing that is computed. */
    void begin() {
        begin(MOST);
    }

    /** Begins with no steps for something that must end soon, or else throws {@link Exhausted}. */
    void begin(long steps) {
        most = steps;
        this.steps = 0;
        unspent = 0;
    }

    /** The steps since the last beginning. */
    long steps() {
        return steps + unspent;
    }

    /**
     * Counts steps.
     *
     * @throws IllegalArgumentException if they are too many
     */
    void spend(long more) {
        unspent += more;
        if (unspent >= PART || steps + unspent > most) {
            long now = unspent;
            unspent = 0;
            steps += now;
            if (steps > most && most < MOST) {
                throw new Exhausted();
            }
            if (steps > most) {
                throw new IllegalArgumentException("grammar: its expressions must be computed with at most " + MOST
                        + " steps at a time, found more; use a shorter grammar, smaller counts or patterns with fewer"
                        + " alternatives");
            }
            FairLimiter.spend(now);
        }
    }
}
