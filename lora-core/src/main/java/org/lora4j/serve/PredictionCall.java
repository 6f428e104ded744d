package org.lora4j.serve;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One call of a {@link BatchingPredictor}: its input, and what became of it. Either a thread waits for it, or a future is
 * completed.
 */
final class PredictionCall {
    private enum Phase {
        WAITS,
        HAS_TURN,
        DONE
    }

    private final Input input;
    private final String adapter;
    private final AdapterCache.@Nullable Pin pin;
    private final @Nullable Thread waiter;
    private final @Nullable CompletableFuture<INDArray> future;
    private final long begin;

    private @Nullable BatchOutput output;
    private int firstRow;
    private int outputRows;
    private @Nullable Throwable failure;
    private volatile Phase phase = Phase.WAITS;

    /**
     * Creates a call.
     *
     * @param input the input; rows are contiguous in 'c' order
     * @param adapter the name of the adapter
     * @param pin keeps the adapter in the model until the call is done, or null
     * @param future what to complete, or null if the current thread waits
     * @param begin when the call began, in nanoseconds
     */
    PredictionCall(
            Input input,
            String adapter,
            AdapterCache.@Nullable Pin pin,
            @Nullable CompletableFuture<INDArray> future,
            long begin) {
        this.input = input;
        this.adapter = adapter;
        this.pin = pin;
        this.future = future;
        this.begin = begin;
        waiter = future == null ? Thread.currentThread() : null;
    }

    Input input() {
        return input;
    }

    String adapter() {
        return adapter;
    }

    /** The number of rows or sequences. */
    int rows() {
        return input.count();
    }

    long begin() {
        return begin;
    }

    /** Whether a thread waits in {@link #await}. */
    boolean hasWaiter() {
        return waiter != null;
    }

    /** Whether the program completed or cancelled the future itself, so that nobody needs the output. */
    boolean isAbandoned() {
        return future != null && future.isDone();
    }

    boolean hasFailed() {
        return failure != null;
    }

    boolean hasOutcome() {
        return failure != null || output != null;
    }

    /** Sets the output: some rows of the output of a batch. */
    void succeed(BatchOutput batch, int from, int count) {
        output = batch;
        firstRow = from;
        outputRows = count;
    }

    void fail(Throwable cause) {
        failure = cause;
    }

    /** Gives the waiting thread the turn to compute. */
    void giveTurn() {
        phase = Phase.HAS_TURN;
        LockSupport.unpark(waiter);
    }

    /** Ends the call, after {@link #succeed} or {@link #fail}: the waiting thread returns, or the future is completed. */
    void end() {
        if (pin != null) {
            pin.close();
        }
        phase = Phase.DONE;
        if (waiter != null) {
            LockSupport.unpark(waiter);
        } else if (future != null) {
            completeFuture(future);
        }
    }

    private void completeFuture(CompletableFuture<INDArray> target) {
        if (failure != null) {
            target.completeExceptionally(failure);
            return;
        }
        INDArray y;
        try {
            y = result();
        } catch (RuntimeException | Error e) {
            target.completeExceptionally(e);
            return;
        }
        target.complete(y);
    }

    /**
     * Waits for the end of the call. An interrupt does not end the wait; the thread is interrupted afterwards.
     *
     * @param compute computes a batch; run when this thread gets the turn
     * @return the output
     */
    INDArray await(Runnable compute) {
        boolean interrupted = false;
        while (phase != Phase.DONE) {
            if (phase == Phase.HAS_TURN) {
                phase = Phase.WAITS;
                compute.run();
            } else {
                LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure instanceof Error error) {
            throw error;
        }
        if (failure != null) {
            throw (RuntimeException) failure;
        }
        return result();
    }

    private INDArray result() {
        if (output == null) {
            throw new IllegalStateException("a call must have an output or a failure when it ends, found neither");
        }
        return output.take(firstRow, outputRows);
    }
}
