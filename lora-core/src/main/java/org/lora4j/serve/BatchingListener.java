package org.lora4j.serve;

/**
 * Receives the events of a {@link BatchingPredictor}, for example to write them to a metrics library. The threads that
 * compute call it, one after the other, so its methods must be fast and must not predict with the predictor. An exception
 * that it throws is logged and has no other effect.
 */
public interface BatchingListener {
    /**
     * Called after a batch was computed, before its calls return.
     *
     * @param calls the number of calls in the batch
     * @param rows the number of rows in the batch
     * @param nanos how long the computation took, in nanoseconds
     */
    default void onBatch(int calls, int rows, long nanos) {}

    /**
     * Called when a call is rejected because the queue is full or the predictor is closed. The thread of the call calls it,
     * so several can do so at the same time.
     *
     * @param adapter the name of the adapter, as the call gave it
     */
    default void onRejection(String adapter) {}
}
