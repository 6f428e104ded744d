package org.lora4j.onednn;

import org.bytedeco.javacpp.Pointer;

/**
 * The native memory that packed copies may take: half of what JavaCPP allows. The other half stays for other code that
 * allocates by JavaCPP. The arrays of ND4J are not counted there, so no memory is kept free for them. Thread-safe.
 */
final class Room {
    /** After a collection that did not help, there is none for this time. */
    private static final long PAUSE_NANOS = 1_000_000_000L;

    private static final int WAITS = 10;
    private static final long WAIT_MILLIS = 20;

    private boolean hasFailed;
    private long failedAt;

    /** Whether there is room for a copy. If not, copies that nobody uses are released first. */
    synchronized boolean isFor(long bytes) {
        if (fits(bytes)) {
            return true;
        }
        if (hasFailed && System.nanoTime() - failedAt < PAUSE_NANOS) {
            return false;
        }
        boolean helped = collect(bytes);
        hasFailed = !helped;
        failedAt = System.nanoTime();
        return helped;
    }

    private static boolean fits(long bytes) {
        return Pointer.maxBytes() == 0 || Pointer.totalBytes() + bytes <= Pointer.maxBytes() / 2;
    }

    /** JavaCPP releases memory in a thread of its own, some time after its owner was collected. */
    private static boolean collect(long bytes) {
        System.gc();
        for (int i = 0; i < WAITS && !fits(bytes); i++) {
            try {
                Thread.sleep(WAIT_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return fits(bytes);
            }
        }
        return fits(bytes);
    }
}
