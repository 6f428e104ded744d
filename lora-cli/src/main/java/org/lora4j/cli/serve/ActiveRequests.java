package org.lora4j.cli.serve;

import java.util.concurrent.TimeUnit;

/** The requests that are being answered, which end before the server does. Thread-safe. */
final class ActiveRequests {
    private int count;
    private boolean closing;

    /** Counts a request. Returns false if no more are accepted. */
    synchronized boolean enter() {
        if (!closing) {
            count++;
        }
        return !closing;
    }

    synchronized void leave() {
        count--;
        notifyAll();
    }

    /** Accepts no more. Returns false if this was so before. */
    synchronized boolean close() {
        boolean isFirst = !closing;
        closing = true;
        return isFirst;
    }

    synchronized boolean isClosed() {
        return closing;
    }

    /** Waits until there is none. Returns whether this is so. An interrupt ends the wait. */
    synchronized boolean awaitEnd(long nanos) {
        long end = System.nanoTime() + nanos;
        try {
            for (long left = nanos; count > 0 && left > 0; left = end - System.nanoTime()) {
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return count == 0;
    }
}
