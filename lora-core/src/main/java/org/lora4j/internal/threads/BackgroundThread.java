package org.lora4j.internal.threads;

import org.lora4j.internal.ForModules;

/**
 * A thread whose work can wait, such as a training beside requests. While it is told to compute alone, the {@link ThreadTeam} stays free for
 * others. The numbers are the same: the parts of a loop do not depend on who computes them.
 */
@ForModules
public class BackgroundThread extends Thread {
    /** Only the thread itself uses it. */
    private boolean alone;

    /**
     * Creates a thread.
     *
     * @param work what it does
     * @param name its name
     */
    public BackgroundThread(Runnable work, String name) {
        super(work, name);
    }

    /**
     * Says whether the thread of the caller computes alone from now on. It has no effect on another thread than one of this class.
     *
     * @param alone true to leave the team to others
     */
    public static void computeAlone(boolean alone) {
        if (Thread.currentThread() instanceof BackgroundThread background) {
            background.alone = alone;
        }
    }

    /** Whether the thread of the caller must not use the team. */
    static boolean isAlone() {
        return Thread.currentThread() instanceof BackgroundThread background && background.alone;
    }
}
