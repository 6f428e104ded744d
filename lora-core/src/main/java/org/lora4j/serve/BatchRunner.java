package org.lora4j.serve;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import org.lora4j.internal.events.FlightEvents;
import org.lora4j.internal.events.PredictionBatchEvent;

/**
 * Computes the batches of a {@link BatchQueue}, one at a time: in a thread that waits for its own call, or in the executor if
 * only calls without a thread wait. Then it ends the calls. Thread-safe.
 */
final class BatchRunner implements Admission.Places<PredictionCall> {
    /** Each level takes about ten frames of the stack. */
    private static final int MAX_NESTING = 16;

    private final BatchQueue queue;
    private final BatchComputation computation;
    private final ServingRecorder recorder;
    private final Executor executor;

    /** The threads that compute and end calls of others, which must not wait for these calls. */
    private final Set<Thread> serving = ConcurrentHashMap.newKeySet();

    private final ThreadLocal<Nesting> nesting = ThreadLocal.withInitial(Nesting::new);

    /** How many batches a thread computes inside one another, because the executor runs tasks in the calling thread. */
    private static final class Nesting {
        private int depth;
        private boolean leftToOutermost;
    }

    BatchRunner(BatchQueue queue, BatchComputation computation, ServingRecorder recorder, Executor executor) {
        this.queue = queue;
        this.computation = computation;
        this.recorder = recorder;
        this.executor = executor;
    }

    @Override
    public void admit(List<PredictionCall> parts) {
        queue.admit(parts);
    }

    /** Adds an admitted call of this thread, and waits for its output. The thread may compute batches meanwhile. */
    Prediction compute(PredictionCall call) {
        if (queue.add(call) == BatchQueue.Added.STARTS) {
            computeBatch(false);
        }
        return call.await(() -> computeBatch(false), () -> fail(call, Failures.late()));
    }

    /** Adds an admitted call that no thread waits for. */
    @Override
    public boolean add(PredictionCall call) {
        BatchQueue.Added added = queue.add(call);
        if (added == BatchQueue.Added.STARTS) {
            offer();
        }
        return added != BatchQueue.Added.GONE;
    }

    @Override
    public boolean fail(PredictionCall call, ServingException failure) {
        if (!queue.remove(call)) {
            return false;
        }
        call.fail(failure);
        failed(call, failure);
        if (call.hasWaiter()) {
            end(List.of(call), false);
        } else {
            complete(() -> endHere(List.of(call)));
        }
        return true;
    }

    @Override
    public void cancel(PredictionCall call) {
        fail(call, Failures.cancelled());
    }

    /** Completes futures in a thread of the executor, or here if it refuses. */
    void complete(Runnable completion) {
        try {
            executor.execute(completion);
        } catch (RuntimeException | Error e) {
            completion.run();
        }
    }

    @Override
    public void close() {
        queue.close();
    }

    @Override
    public void stop() {
        queue.placed().forEach(call -> fail(call, Failures.closed()));
    }

    @Override
    public boolean isEmpty() {
        return queue.isEmpty();
    }

    @Override
    public boolean awaitEnd(long nanos) throws InterruptedException {
        return serving.contains(Thread.currentThread()) || queue.awaitEnd(nanos);
    }

    /** Computes a batch with the turn that this thread has, and passes the turn on. */
    private void computeBatch(boolean byExecutor) {
        List<PredictionCall> batch = List.of();
        boolean added = serving.add(Thread.currentThread());
        long begin = System.nanoTime();
        try {
            batch = queue.next();
            begin = System.nanoTime();
            compute(batch);
        } catch (RuntimeException | Error e) {
            batch.stream().filter(call -> !call.hasOutcome()).forEach(call -> call.fail(e));
        } finally {
            passOn(batch.size(), System.nanoTime() - begin);
            end(batch, byExecutor);
            if (added) {
                serving.remove(Thread.currentThread());
            }
        }
    }

    private void compute(List<PredictionCall> batch) {
        List<PredictionCall> running = new ArrayList<>(batch.size());
        for (PredictionCall call : batch) {
            if (!call.hasOutcome() && call.isAbandoned()) {
                call.fail(Failures.cancelled());
            }
            Throwable failure = call.failure();
            if (failure == null) {
                if (call.countsBegin()) {
                    recorder.began(call);
                }
                running.add(call);
            } else {
                failed(call, failure);
            }
        }
        if (running.isEmpty()) {
            return;
        }
        long begin = System.nanoTime();
        PredictionBatchEvent event = FlightEvents.areOn() ? new PredictionBatchEvent() : null;
        if (event != null) {
            event.begin();
        }
        try {
            computation.compute(running);
        } catch (RuntimeException | Error e) {
            running.stream().filter(call -> !call.hasOutcome()).forEach(call -> call.fail(e));
        }
        long units = 0;
        for (PredictionCall call : running) {
            Throwable failure = call.failure();
            if (call.countsEnd()) {
                recorder.ended(call, failure);
            }
            if (failure == null) {
                recorder.computed(call.adapter(), call.units());
                units += call.units();
            }
        }
        if (event != null) {
            event.end(running.size(), units);
        }
        recorder.batch(running.size(), units, System.nanoTime() - begin);
    }

    private void failed(PredictionCall call, Throwable failure) {
        if (call.countsEnd()) {
            recorder.failed(call.adapter(), failure);
        }
    }

    private void passOn(int calls, long nanos) {
        PredictionCall next = queue.passOn(calls, nanos);
        if (next != null) {
            next.giveTurn();
        } else if (queue.isOffered()) {
            offer();
        }
    }

    /** Has the executor compute the next batch, unless a thread that waits is faster. */
    private void offer() {
        try {
            executor.execute(this::computeOffered);
        } catch (RuntimeException | Error e) {
            // Whatever it is, for example that there is no memory for another thread: nobody will compute these calls.
            List<PredictionCall> refused = queue.takeAllIfOffered();
            for (PredictionCall call : refused) {
                Throwable failure = e instanceof Error ? e : Failures.internal(e);
                call.fail(failure);
                failed(call, failure);
            }
            endHere(refused);
        }
    }

    /**
     * Computes an offered batch. An executor that runs tasks in the calling thread calls it inside the computation of the batch
     * before; deep inside, it leaves the batch to the outermost call.
     */
    private void computeOffered() {
        Nesting here = nesting.get();
        if (here.depth == MAX_NESTING) {
            here.leftToOutermost = true;
            return;
        }
        here.depth++;
        try {
            do {
                here.leftToOutermost = false;
                if (queue.takeOffered()) {
                    computeBatch(true);
                }
            } while (here.depth == 1 && here.leftToOutermost);
        } finally {
            here.depth--;
        }
    }

    /** Ends the calls of a batch. Actions that programs added to futures do not delay a thread that waits for its own call. */
    private void end(List<PredictionCall> batch, boolean byExecutor) {
        if (byExecutor) {
            endHere(batch);
            return;
        }
        List<PredictionCall> futures = new ArrayList<>();
        int waiters = 0;
        for (PredictionCall call : batch) {
            if (call.hasWaiter()) {
                call.end();
                waiters++;
            } else {
                futures.add(call);
            }
        }
        queue.ended(waiters);
        if (!futures.isEmpty()) {
            complete(() -> endHere(futures));
        }
    }

    private void endHere(List<PredictionCall> calls) {
        boolean added = serving.add(Thread.currentThread());
        try {
            calls.forEach(PredictionCall::end);
        } finally {
            if (added) {
                serving.remove(Thread.currentThread());
            }
            queue.ended(calls.size());
        }
    }
}
