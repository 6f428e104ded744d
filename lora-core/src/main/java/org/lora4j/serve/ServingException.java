package org.lora4j.serve;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A request was not served. The message is for the client that sent it: it names no layers, paths, settings or other adapters. The
 * {@linkplain #getCause cause}, if there is one, is for the operator and may name all of these; write it to a log.
 */
public final class ServingException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Why. */
    private final Reason reason;

    /** Why a request was not served. The comments name the status that fits in HTTP. */
    public enum Reason {
        /** There is no such adapter, or the base is asked for, which is not served: 404. */
        UNKNOWN_ADAPTER,
        /** The input does not fit the model: 400. */
        INVALID_INPUT,
        /** As many requests of this adapter wait as may; try again later: 429. */
        ADAPTER_BUSY,
        /** As many requests wait as may; try again later: 503. */
        SERVICE_BUSY,
        /** The service was closed: 503. */
        CLOSED,
        /** The adapter cannot be loaded now; try again later: 503. */
        ADAPTER_UNAVAILABLE,
        /** The time of the request was over before it was computed: 504. */
        LATE,
        /** The request was cancelled: nobody needs a status. */
        CANCELLED,
        /** A fault in the service; the cause says which: 500. */
        INTERNAL;

        /**
         * Returns whether the same request can succeed a little later.
         *
         * @return true for what depends on the load
         */
        public boolean isTemporary() {
            return this == ADAPTER_BUSY || this == SERVICE_BUSY || this == ADAPTER_UNAVAILABLE || this == LATE;
        }
    }

    /**
     * Creates an exception.
     *
     * @param reason why
     * @param message what the client may read
     * @param cause what the operator needs to know, or null if the message says all
     */
    public ServingException(Reason reason, String message, @Nullable Throwable cause) {
        super(Objects.requireNonNull(message, "message must not be null"), cause);
        this.reason = Objects.requireNonNull(reason, "reason must not be null");
    }

    /**
     * Returns why.
     *
     * @return the reason
     */
    public Reason reason() {
        return reason;
    }
}
