package org.lora4j.serve;

import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.model.internal.ModelSnapshot;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;

/**
 * One call of a {@link BatchingPredictor}: its input, and what became of it. Either a thread waits for it, or a future is
 * completed.
 */
final class PredictionCall extends Request {
    private enum Phase {
        WAITS,
        HAS_TURN,
        DONE
    }

    private final Input input;
    private final boolean asksForAdapter;
    private final @Nullable Thread waiter;
    private final @Nullable PredictionTarget<?> target;
    private final CallParts.@Nullable Part part;

    private @Nullable BatchOutput output;
    private int firstRow;
    private int outputRows;
    private @Nullable UsedAdapter used;
    private @Nullable Throwable failure;
    private volatile Phase phase = Phase.WAITS;

    /**
     * What is asked besides the input.
     *
     * @param adapter the name of the adapter
     * @param options how urgent it is
     * @param asksForAdapter whether the result says which adapter computed it
     * @param begin when the call began, in nanoseconds
     */
    record Asked(String adapter, RequestOptions options, boolean asksForAdapter, long begin) {
        Asked {
            Objects.requireNonNull(adapter, "adapter must not be null");
            Objects.requireNonNull(options, "options must not be null");
        }
    }

    /**
     * Creates a call.
     *
     * @param input the input; rows are contiguous in 'c' order
     * @param target what to complete, or null if the current thread waits
     */
    PredictionCall(Input input, Asked asked, @Nullable PredictionTarget<?> target) {
        this(input, asked, target, null);
    }

    /**
     * Creates a call that may be a part of another one.
     *
     * @param part which part; null for a whole call
     */
    PredictionCall(Input input, Asked asked, @Nullable PredictionTarget<?> target, CallParts.@Nullable Part part) {
        super(asked.adapter, input.count(), units(input), asked.options, asked.begin);
        this.input = input;
        asksForAdapter = asked.asksForAdapter;
        this.target = target;
        this.part = part;
        waiter = target == null ? Thread.currentThread() : null;
    }

    private static long units(Input input) {
        return input instanceof Sequences sequences ? sequences.tokens() : input.count();
    }

    /** The state of the model to compute with, of now unless an earlier part has begun. */
    ModelSnapshot state(ModelSnapshot now) {
        return part == null ? now : part.all().state(now);
    }

    /** Whether figures count its beginning: those of a divided call that of its first part. */
    boolean countsBegin() {
        return part == null || part.isFirst();
    }

    /** Whether figures count its end: those of a divided call that of its last part. */
    boolean countsEnd() {
        return part == null || part.isLast();
    }

    /** Its tokens; 0 for rows of features. */
    int tokens() {
        return input instanceof Sequences sequences ? sequences.tokens() : 0;
    }

    Input input() {
        return input;
    }

    boolean asksForAdapter() {
        return asksForAdapter;
    }

    /** Whether a thread waits in {@link #await}. */
    boolean hasWaiter() {
        return waiter != null;
    }

    /** Whether the program completed or cancelled the future itself, so that nobody needs the output. */
    boolean isAbandoned() {
        return target != null && target.future().isDone();
    }

    @Nullable
    Throwable failure() {
        return failure;
    }

    boolean hasOutcome() {
        return failure != null || output != null;
    }

    /**
     * Sets the output: some rows of the output of a batch.
     *
     * @param ofBatch the adapter that computed them, or null if it is the base, or not asked for
     */
    void succeed(BatchOutput batch, int from, int count, @Nullable UsedAdapter ofBatch) {
        used = ofBatch;
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
        release();
        phase = Phase.DONE;
        if (waiter != null) {
            LockSupport.unpark(waiter);
        } else if (target != null) {
            complete(target);
        }
    }

    private void complete(PredictionTarget<?> of) {
        if (failure != null) {
            of.future().completeExceptionally(failure);
            return;
        }
        Prediction prediction;
        try {
            prediction = result();
        } catch (RuntimeException | Error e) {
            of.future().completeExceptionally(e);
            return;
        }
        of.complete(prediction);
    }

    /**
     * Waits for the end of the call. An interrupt does not end the wait; the thread is interrupted afterwards.
     *
     * @param compute computes a batch; run when this thread gets the turn
     * @param expire ends the call because it is late, unless it is being computed or this thread is about to get the turn
     * @return the output and its adapter
     */
    Prediction await(Runnable compute, BooleanSupplier expire) {
        boolean interrupted = false;
        boolean canExpire = hasDeadline();
        while (phase != Phase.DONE) {
            if (phase == Phase.HAS_TURN) {
                phase = Phase.WAITS;
                canExpire = hasDeadline();
                compute.run();
            } else if (canExpire && isLate(System.nanoTime())) {
                canExpire = expire.getAsBoolean();
            } else {
                if (canExpire) {
                    LockSupport.parkNanos(this, nanosLeft(System.nanoTime()));
                } else {
                    LockSupport.park(this);
                }
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

    private Prediction result() {
        if (output == null) {
            throw new IllegalStateException("a call must have an output or a failure when it ends, found neither");
        }
        return new Prediction(output.take(firstRow, outputRows), used);
    }
}
