package org.lora4j.serve;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Says when a request is late, by the timer thread that all futures of the JVM share. */
final class RequestTimer {
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    /**
     * Starts a timer, unless the request is never late.
     *
     * @param action runs when the request is late, unless the timer was stopped; it must be fast
     */
    RequestTimer(Request request, Runnable action) {
        if (request.hasDeadline()) {
            // It is completed by the timer, and its failure says nothing but that.
            CompletableFuture<Void> unused = end.orTimeout(request.nanosLeft(System.nanoTime()), TimeUnit.NANOSECONDS)
                    .whenComplete((nothing, failure) -> {
                        if (failure != null) {
                            action.run();
                        }
                    });
        }
    }

    void stop() {
        end.complete(null);
    }
}
