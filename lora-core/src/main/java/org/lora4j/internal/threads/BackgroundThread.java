package org.lora4j.internal.threads;

import java.util.function.BooleanSupplier;
import org.lora4j.internal.ForModules;

/**
 * A thread whose work can wait, such as a training beside requests. Before each product and each loop that the {@link ThreadTeam} could divide,
 * it lets others go first. The numbers are the same: the parts of a loop depend neither on who computes them nor on when.
 */
@ForModules
public class BackgroundThread extends Thread {
    private final BooleanSupplier turn;

    /**
     * Creates a thread.
     *
     * @param work what it does
     * @param name its name
     * @param turn is called in this thread, and returns when it may compute: true to compute with the team, false to leave it to others
     */
    public BackgroundThread(Runnable work, String name, BooleanSupplier turn) {
        super(work, name);
        this.turn = turn;
    }

    /** Waits until the thread of the caller may compute. Returns whether it may use the team. */
    static boolean awaitTurn() {
        return !(Thread.currentThread() instanceof BackgroundThread background) || background.turn.getAsBoolean();
    }
}
