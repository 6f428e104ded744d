package org.lora4j.serve;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A request of an adapter, and where it is on its way. The lock of its queue guards what changes. */
abstract class Request {
    static final long NO_DEADLINE = Long.MAX_VALUE;

    /** A longer time cannot be told from the past by {@code System.nanoTime()}. */
    static final Duration LONGEST = Duration.ofDays(36_500);

    /** Where a request is. */
    enum Place {
        /** It has a place in the queue, but its adapter is being loaded. */
        ADMITTED,
        WAITING,
        /** It was taken from the queue, or left it. */
        GONE
    }

    private final String adapter;
    private final int size;
    private final long units;
    private final int priority;
    private final long begin;
    private final long deadline;

    /** Lets the adapter go, which stays in the model until then; null before it is there. */
    private @Nullable Runnable unpin;

    Place place = Place.GONE;

    /** Its number in the order of arrival. */
    long number;

    /** When it was taken from the queue. */
    long taken;

    /**
     * Creates a request.
     *
     * @param adapter the name of the adapter
     * @param size what the limits of the queue count: rows, sequences, or tokens of a prompt
     * @param units what the fair order counts: rows of features, or tokens
     * @param begin when the request began, in nanoseconds
     */
    Request(String adapter, int size, long units, RequestOptions options, long begin) {
        this.adapter = adapter;
        this.size = size;
        this.units = units;
        this.begin = begin;
        priority = options.priority();
        deadline = options.deadline(begin);
    }

    final String adapter() {
        return adapter;
    }

    final int size() {
        return size;
    }

    final long units() {
        return units;
    }

    final int priority() {
        return priority;
    }

    final long begin() {
        return begin;
    }

    final boolean hasDeadline() {
        return deadline != NO_DEADLINE;
    }

    /** How long it is until the request is late, in nanoseconds; 0 or less if it is. */
    final long nanosLeft(long now) {
        return hasDeadline() ? deadline - now : Long.MAX_VALUE;
    }

    final boolean isLate(long now) {
        return nanosLeft(now) <= 0;
    }

    /** Notes that the adapter is in the model and stays there, before the request waits for its turn. */
    final void keep(Runnable untilReleased) {
        unpin = untilReleased;
    }

    /** Lets the adapter go when the request has ended. */
    final void release() {
        if (unpin != null) {
            unpin.run();
        }
    }

    /** Says when a request is late, by the timer thread that all futures of the JVM share. */
    static final class Timer {
        private final CompletableFuture<Void> end = new CompletableFuture<>();

        /**
         * Starts a timer, unless the request is never late.
         *
         * @param action runs when the request is late, unless the timer was stopped; it must be fast
         */
        Timer(Request request, Runnable action) {
            if (request.hasDeadline()) {
                // It is completed by the timer, and its failure says nothing but that.
                CompletableFuture<Void> unused = end.orTimeout(
                                request.nanosLeft(System.nanoTime()), TimeUnit.NANOSECONDS)
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
}
