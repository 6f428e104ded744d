package org.lora4j.langchain4j;

/** Counts the calls that read an answer, so that nothing they need is closed before they have read it. Thread-safe. */
final class ActiveCalls {
    private final ThreadLocal<Boolean> reads = ThreadLocal.withInitial(() -> false);
    private int count;

    /** Counts a call that is to {@link #run}. */
    synchronized void begin() {
        count++;
    }

    /** Runs a call that was counted, and ends it. */
    void run(Runnable call) {
        reads.set(true);
        try {
            call.run();
        } finally {
            reads.remove();
            end();
        }
    }

    /** Ends a call. */
    synchronized void end() {
        count--;
        notifyAll();
    }

    /** Waits until all calls have ended, unless this thread runs one. An interrupt ends the wait. */
    void awaitEnd() {
        if (reads.get()) {
            return;
        }
        synchronized (this) {
            try {
                while (count > 0) {
                    wait();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
