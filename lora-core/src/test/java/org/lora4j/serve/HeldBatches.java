package org.lora4j.serve;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;

/**
 * Holds the first batch of a predictor after it was computed, until it is released, so that a test can fill the next one.
 * Notes the number of calls of each batch.
 */
final class HeldBatches implements ServingListener {
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch released = new CountDownLatch(1);
    private CompletableFuture<?> first = new CompletableFuture<>();
    private final List<Integer> calls = new CopyOnWriteArrayList<>();
    private final List<String> rejected = new CopyOnWriteArrayList<>();

    @Override
    public void onBatch(int callsOfBatch, long rows, long nanos) {
        calls.add(callsOfBatch);
        held.countDown();
        try {
            released.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void onRejection(String adapter) {
        rejected.add(adapter);
    }

    /** Predicts with the base alone and returns when that batch is held. */
    void hold(BatchingPredictor predictor) throws InterruptedException {
        first = predictor.predictAsync(SmallModels.input(1), LoRAModel.BASE);
        held.await();
    }

    /** Returns when a batch is held. */
    void awaitHeld() {
        try {
            held.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whether the call of {@link #hold} has returned. */
    boolean firstIsDone() {
        return first.isDone();
    }

    void release() {
        released.countDown();
    }

    List<Integer> calls() {
        return calls;
    }

    List<String> rejected() {
        return rejected;
    }
}
