package org.lora4j.serve;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;

/** Which adapters a service has for its requests, and how they come into the model. Thread-safe. */
final class ServedAdapters {
    private static final AdapterCache.Pin NOTHING = () -> {};

    private final LoRAModel model;
    private final @Nullable AdapterCache cache;
    private final boolean allowBase;

    ServedAdapters(LoRAModel model, @Nullable AdapterCache cache, boolean allowBase) {
        this.model = model;
        this.cache = cache;
        this.allowBase = allowBase;
    }

    /**
     * Checks that there can be such an adapter.
     *
     * @throws ServingException if the base is not served, or the adapter is not in the model and there is no cache
     */
    void require(String adapter) {
        if (adapter.equals(LoRAModel.BASE)) {
            if (!allowBase) {
                throw Failures.baseNotServed(adapter);
            }
        } else if (cache == null && !model.names().contains(adapter)) {
            throw Failures.unknown(adapter, null);
        }
    }

    /**
     * Keeps the adapter of a request in the model, and waits until it is loaded.
     *
     * @throws ServingException if there is no such adapter, it cannot be loaded, or the request is late before it is
     */
    AdapterCache.Pin pin(Request request) {
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

    /** Keeps an adapter in the model, as {@link #pin} does, without waiting. */
    CompletableFuture<AdapterCache.Pin> pinLater(String adapter) {
        if (cache == null || adapter.equals(LoRAModel.BASE)) {
            return CompletableFuture.completedFuture(NOTHING);
        }
        return cache.pinLater(adapter);
    }

    /** The failure of a request whose adapter could not be loaded. */
    static ServingException failed(String adapter, Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof UnknownAdapterException
                ? Failures.unknown(adapter, cause)
                : Failures.unavailable(adapter, cause);
    }

    /** Whether this thread loads an adapter, so that it must not wait for requests. */
    boolean isLoadedByThisThread() {
        return cache != null && cache.isLoadedByThisThread();
    }
}
