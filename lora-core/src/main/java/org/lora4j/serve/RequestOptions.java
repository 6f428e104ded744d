package org.lora4j.serve;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How urgent a request is.
 *
 * <pre>{@code
 * RequestOptions soon = RequestOptions.defaults().withPriority(1).withTimeout(Duration.ofSeconds(2));
 * INDArray y = predictor.predict(Input.of(row), "customer-a", soon);
 * }</pre>
 *
 * @param priority requests of one adapter are computed in the order of their priority, the highest first, and those of the
 *     same priority in the order in which they came. It has no influence on other adapters
 * @param timeout how long after its start the request is late, or null for never. A request that is late before its
 *     computation begins is not computed
 */
public record RequestOptions(int priority, @Nullable Duration timeout) {
    private static final RequestOptions DEFAULTS = new RequestOptions(0, null);

    /**
     * Checks the timeout.
     *
     * @param priority any number
     * @param timeout above 0, or null
     * @throws IllegalArgumentException if the timeout is not above 0
     */
    public RequestOptions {
        if (timeout != null && (timeout.isNegative() || timeout.isZero())) {
            throw new IllegalArgumentException("timeout must be above 0, found " + timeout);
        }
    }

    /**
     * Returns the options of a request that gives none.
     *
     * @return priority 0, and no timeout
     */
    public static RequestOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Sets the priority.
     *
     * @param value any number; 0 by default
     * @return other options
     */
    public RequestOptions withPriority(int value) {
        return new RequestOptions(value, timeout);
    }

    /**
     * Sets how long after its start the request is late.
     *
     * @param value above 0
     * @return other options
     * @throws IllegalArgumentException if the time is not above 0
     */
    public RequestOptions withTimeout(Duration value) {
        return new RequestOptions(priority, Objects.requireNonNull(value, "value must not be null"));
    }

    /**
     * Takes time off the timeout, for what a request took before this.
     *
     * @param taken the time that is over
     * @return options with the rest of the timeout; the same without a timeout
     * @throws ServingException with {@link ServingException.Reason#LATE} if nothing is left
     */
    public RequestOptions after(Duration taken) {
        Objects.requireNonNull(taken, "taken must not be null");
        if (timeout == null) {
            return this;
        }
        Duration left = timeout.minus(taken);
        if (left.isNegative() || left.isZero()) {
            throw Failures.late();
        }
        return withTimeout(left);
    }

    /** The moment from which a request that begins now is late, as {@code System.nanoTime()} gives it. */
    long deadline(long now) {
        if (timeout == null) {
            return Request.NO_DEADLINE;
        }
        long nanos = timeout.compareTo(Request.LONGEST) < 0 ? timeout.toNanos() : Request.LONGEST.toNanos();
        return now + nanos;
    }
}
