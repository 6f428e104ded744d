package org.lora4j.serve;

/**
 * Receives the events of a service, such as a {@link BatchingPredictor}, for example to log failures. Its methods must be
 * thread-safe and fast, and must not wait for requests of the service. An exception that it throws is logged and has no other
 * effect. For figures, {@link ServingStats} is enough.
 */
public interface ServingListener {
    /**
     * Called after a batch was computed, before its requests end. One batch is computed at a time.
     *
     * @param requests the number of requests in the batch
     * @param units the rows of features, or the tokens, in the batch
     * @param nanos how long the computation took, in nanoseconds
     */
    default void onBatch(int requests, long units, long nanos) {}

    /**
     * Called when a request is rejected because too many wait or the service is closed, in the thread of the request.
     *
     * @param adapter the name of the adapter, as the request gave it
     */
    default void onRejection(String adapter) {}

    /**
     * Called when a request failed that was not rejected: also when it was late or cancelled.
     *
     * @param adapter the name of the adapter, as the request gave it
     * @param failure why; its cause is for the operator
     */
    default void onFailure(String adapter, Throwable failure) {}
}
