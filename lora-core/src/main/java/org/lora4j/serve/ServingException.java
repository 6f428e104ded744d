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

    /** Why a request was not served. */
    public enum Reason {
        /** There is no such adapter, or the base is asked for, which is not served. */
        UNKNOWN_ADAPTER(404),
        /** The input does not fit the model. */
        INVALID_INPUT(400),
        /** As many requests of this adapter wait as may; try again later. */
        ADAPTER_BUSY(429),
        /** As many requests wait as may; try again later. */
        SERVICE_BUSY(503),
        /** The service was closed. */
        CLOSED(503),
        /** The adapter cannot be loaded now; try again later. */
        ADAPTER_UNAVAILABLE(503),
        /** The time of the request was over before its end. */
        LATE(504),
        /** The request was cancelled. */
        CANCELLED(499),
        /** A fault in the service; the cause says which. */
        INTERNAL(500);

        private final int httpStatus;

        Reason(int httpStatus) {
            this.httpStatus = httpStatus;
        }

        /**
         * Returns the status that a service over HTTP answers with.
         *
         * @return a number from 400 to 504. That of a cancelled request, 499, is common and in no standard; mostly nobody reads it
         */
        public int httpStatus() {
            return httpStatus;
        }

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
