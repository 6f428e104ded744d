package org.lora4j.serve;

import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/** Counts what happens in a {@link BatchingPredictor}, and informs its listener. Thread-safe. */
final class BatchingRecorder {
    private final SafeListener<BatchingPredictor.Listener> listener;
    private final LongAdder failedCalls = new LongAdder();
    private final LongAdder rejectedCalls = new LongAdder();
    private final DistributionRecorder latencyNanos = new DistributionRecorder();
    private final DistributionRecorder batchRows = new DistributionRecorder();
    private final DistributionRecorder batchCalls = new DistributionRecorder();
    private final DistributionRecorder batchNanos = new DistributionRecorder();

    BatchingRecorder(BatchingPredictor.Listener listener) {
        this.listener = new SafeListener<>(listener, "batching predictor");
    }

    /** Notes calls that failed before they were computed. */
    void failed(int calls) {
        failedCalls.add(calls);
    }

    /** Notes a call that was not accepted. */
    void rejected(String adapter) {
        rejectedCalls.increment();
        listener.inform(events -> events.onRejection(adapter));
    }

    /** Notes a batch whose calls have their outputs or failures. */
    void computed(List<PredictionCall> batch, long nanos) {
        int rows = 0;
        long now = System.nanoTime();
        for (PredictionCall call : batch) {
            rows += call.rows();
            if (call.hasFailed()) {
                failedCalls.increment();
            } else {
                latencyNanos.record(Math.max(0, now - call.begin()));
            }
        }
        batchRows.record(rows);
        batchCalls.record(batch.size());
        batchNanos.record(nanos);
        int all = rows;
        listener.inform(events -> events.onBatch(batch.size(), all, nanos));
    }

    BatchingPredictor.Stats stats() {
        return new BatchingPredictor.Stats(
                failedCalls.sum(),
                rejectedCalls.sum(),
                latencyNanos.snapshot(),
                batchRows.snapshot(),
                batchCalls.snapshot(),
                batchNanos.snapshot());
    }
}
