package org.lora4j.serve;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;

/**
 * How requests come into a service and leave it. A request is checked, gets a place in the queue, waits until its adapter is in the model,
 * and then for its turn. It fails as soon as its time is over, and ends if the program completes its future. Thread-safe.
 *
 * @param <R> the requests of the service
 */
final class Admission<R extends Request> {
    private static final AdapterCache.Pin NOTHING = () -> {};

    private final LoRAModel model;
    private final @Nullable AdapterCache cache;
    private final boolean allowBase;
    private final ServingRecorder recorder;
    private final Places<R> places;

    /**
     * The queue of a service, and what computes its requests.
     *
     * @param <R> the requests
     */
    interface Places<R extends Request> {
        /**
         * Gives the parts of one request their places, before its adapter is loaded. Each request with a place ends.
         *
         * @throws ServingException if the queue is closed, or has no place; none has a place then
         */
        void admit(List<R> parts);

        /** Lets a request with a place wait for its turn. Returns false if it has ended before. */
        boolean add(R request);

        /** Ends a request that waits or whose adapter is being loaded. Returns false if it is computed or has ended. */
        boolean fail(R request, ServingException failure);

        /** Ends a request whose client is gone. One that is computed ends before its next step, if it has several. */
        void cancel(R request);

        /** Returns whether no request has a place. */
        boolean isEmpty();

        /** Refuses all later requests. */
        void close();

        /** Fails those that wait, and cancels those that are computed in several steps. */
        void stop();

        /**
         * Waits until all requests with a place have ended, unless this thread computes them.
         *
         * @param nanos the longest wait
         * @return whether all have ended, or this thread must not wait
         */
        boolean awaitEnd(long nanos) throws InterruptedException;
    }

    Admission(
            LoRAModel model,
            @Nullable AdapterCache cache,
            boolean allowBase,
            ServingRecorder recorder,
            Places<R> places) {
        this.model = model;
        this.cache = cache;
        this.allowBase = allowBase;
        this.recorder = recorder;
        this.places = places;
    }

    /**
     * Checks a request before it has a place, and counts it as failed if it is refused.
     *
     * @param check makes what is needed of the request
     * @throws ServingException if the base is not served, or the adapter is not in the model and there is no cache, or as the check
     */
    <T> T checked(String adapter, Supplier<T> check) {
        try {
            requireServed(adapter);
            return check.get();
        } catch (ServingException e) {
            recorder.failed(adapter, e);
            throw e;
        }
    }

    private void requireServed(String adapter) {
        if (adapter.equals(LoRAModel.BASE)) {
            if (!allowBase) {
                throw Failures.baseNotServed(adapter);
            }
        } else if (cache == null && !model.names().contains(adapter)) {
            throw Failures.unknown(adapter, null);
        }
    }

    /**
     * Gives the parts of a request their places.
     *
     * @throws ServingException if there is none
     */
    void admit(List<R> parts) {
        try {
            places.admit(parts);
        } catch (ServingException e) {
            recorder.rejected(parts.get(0).adapter());
            throw e;
        }
    }

    /**
     * Waits until the adapter of a request is in the model, and keeps it there until the request ends.
     *
     * @throws ServingException if there is no such adapter, it cannot be loaded, or the request is late before it is
     */
    void pin(R request) {
        try {
            request.keep(pinned(request)::close);
        } catch (ServingException e) {
            places.fail(request, e);
            throw e;
        } catch (Error e) {
            places.fail(request, Failures.internal(e));
            throw e;
        }
    }

    private AdapterCache.Pin pinned(R request) {
        String adapter = request.adapter();
        if (cache == null || adapter.equals(LoRAModel.BASE)) {
            return NOTHING;
        }
        try {
            return cache.pin(adapter, request);
        } catch (TimeoutException e) {
            throw Failures.late();
        } catch (RuntimeException e) {
            throw failed(adapter, e);
        }
    }

    /**
     * Lets a request wait for its turn as soon as its adapter is in the model, without waiting for it here.
     *
     * @param future what the program has of the request
     */
    void start(R request, CompletableFuture<?> future) {
        Request.Timer timer = new Request.Timer(request, () -> places.fail(request, Failures.late()));
        // The results of both actions are those of the future.
        CompletableFuture<?> unused = future.whenComplete((result, failure) -> {
            timer.stop();
            // Does nothing unless the program itself completed the future.
            places.cancel(request);
        });
        CompletableFuture<AdapterCache.Pin> unusedPin = pinLater(request.adapter())
                .whenComplete((pin, failure) -> {
                    if (failure != null) {
                        places.fail(request, failed(request.adapter(), failure));
                        return;
                    }
                    request.keep(pin::close);
                    if (!places.add(request)) {
                        request.release();
                    }
                });
    }

    private CompletableFuture<AdapterCache.Pin> pinLater(String adapter) {
        return cache == null || adapter.equals(LoRAModel.BASE)
                ? CompletableFuture.completedFuture(NOTHING)
                : cache.pinLater(adapter);
    }

    private static ServingException failed(String adapter, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof UnknownAdapterException
                ? Failures.unknown(adapter, cause)
                : Failures.unavailable(adapter, cause);
    }

    /** Returns whether no request waits or is computed. */
    boolean isIdle() {
        return places.isEmpty();
    }

    /**
     * Refuses all later requests, and waits for those with a place; then it ends what is left.
     *
     * @param timeout the longest wait
     * @throws IllegalArgumentException if it is negative
     */
    void close(Duration timeout) {
        Objects.requireNonNull(timeout, "timeout must not be null");
        if (timeout.isNegative()) {
            throw new IllegalArgumentException("timeout must not be negative, found " + timeout);
        }
        places.close();
        if (cache != null && cache.isLoadedByThisThread()) {
            // Requests wait for what this thread loads.
            return;
        }
        try {
            if (!places.awaitEnd(timeout.compareTo(Request.LONGEST) < 0 ? timeout.toNanos() : Long.MAX_VALUE)) {
                places.stop();
                places.awaitEnd(Long.MAX_VALUE);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
