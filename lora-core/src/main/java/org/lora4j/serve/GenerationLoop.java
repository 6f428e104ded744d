package org.lora4j.serve;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.Generation;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.generate.RunningGeneration;
import org.lora4j.internal.events.FlightEvents;
import org.lora4j.internal.events.GenerationEvent;
import org.lora4j.model.internal.ModelSnapshot;
import org.lora4j.nn.Model;

/**
 * Takes the steps of a {@link GenerationService}: before each one, generations that are cancelled or late leave, and waiting ones join
 * in the fair order while there is room. A step computes a token of each, with those that a constraint forces behind it, and the prompts of those that are new.
 *
 * <p>One thread at a time takes the steps, and only while there is something to compute.
 */
final class GenerationLoop implements Admission.Places<GenerationTask> {
    /** Prompts join a step until they have so many tokens together, so that the others do not wait too long for theirs. */
    private static final int MAX_PROMPT_TOKENS = 4096;

    private final LoRAModel model;
    private final long maxCachedTokens;
    private final int maxRunning;
    private final long maxPrefixBytes;
    private final ServingRecorder recorder;
    private final Executor steps;
    private final Executor completions;
    private final Conversations conversations;

    private final Object lock = new Object();
    private final FairQueue<GenerationTask> queue;
    private boolean active;
    private volatile @Nullable Thread stepping;

    /** What follows belongs to the thread that takes the steps. Others may wake the batch. */
    private volatile BatchGenerator batch;

    private final List<GenerationTask> running = new ArrayList<>();

    /** The model when prefixes were last compared with it. */
    private ModelSnapshot compared;

    /** What others may know of it. */
    private volatile long cachedTokens;

    private volatile long prefixBytes;

    /** Whether nothing is computed any more. */
    private volatile boolean isStopped;

    GenerationLoop(GenerationService.Builder settings, long maxCachedTokens, ServingRecorder recorder, Executor steps) {
        this.maxCachedTokens = maxCachedTokens;
        maxPrefixBytes = settings.maxPrefixBytes;
        model = settings.model;
        compared = model.snapshot();
        batch = newBatch();
        FairQueue.Limits limits = FairQueue.Limits.of(
                settings.maxWaitingTokensPerAdapter, settings.maxWaitingTokens, "tokens", "maxWaitingTokens");
        queue = new FairQueue<>(limits, settings.weights);
        this.recorder = recorder;
        this.steps = steps;
        maxRunning = settings.maxRunning;
        completions = settings.executor;
        conversations = new Conversations(settings.maxConversations, batch.cacheBytesPerToken());
    }

    private BatchGenerator newBatch() {
        return BatchGenerator.of(model.base(), Long.MAX_VALUE, maxPrefixBytes);
    }

    @Override
    public void admit(List<GenerationTask> parts) {
        synchronized (lock) {
            queue.admitAll(parts);
        }
    }

    @Override
    public boolean add(GenerationTask task) {
        boolean added;
        boolean starts = false;
        synchronized (lock) {
            added = queue.add(task);
            if (added && !active) {
                active = true;
                starts = true;
            }
        }
        if (starts) {
            start();
        } else {
            batch.wake();
        }
        if (isStopped) {
            fail(task, Failures.closed());
        }
        return added;
    }

    private void start() {
        try {
            steps.execute(this::run);
        } catch (RuntimeException | Error e) {
            List<GenerationTask> refused;
            synchronized (lock) {
                active = false;
                refused = queue.removeAllWaiting();
            }
            for (GenerationTask task : refused) {
                failed(task, Failures.internal(e));
            }
        }
    }

    @Override
    public void cancel(GenerationTask task) {
        task.setCancelled();
        boolean waited;
        synchronized (lock) {
            waited = queue.remove(task);
        }
        batch.wake();
        if (waited) {
            recorder.failed(task.adapter(), Failures.cancelled());
            end(task, task.nothing(), null);
        }
    }

    @Override
    public boolean fail(GenerationTask task, ServingException failure) {
        boolean waited;
        synchronized (lock) {
            waited = queue.remove(task);
        }
        if (waited) {
            failed(task, failure);
        }
        return waited;
    }

    private void failed(GenerationTask task, ServingException failure) {
        recorder.failed(task.adapter(), failure);
        end(task, null, failure);
    }

    /** Takes steps until there is nothing to compute. */
    private void run() {
        boolean goesOn = true;
        while (goesOn) {
            try {
                goesOn = step();
            } catch (RuntimeException | Error e) {
                // A fault of this class must not leave requests without an end.
                List.copyOf(running).forEach(task -> leave(task, null, Failures.internal(e)));
            }
        }
    }

    /**
     * Takes a step.
     *
     * @return false if there was nothing to do, so that the next request starts the steps again
     */
    boolean step() {
        stepping = Thread.currentThread();
        try {
            synchronized (lock) {
                if (running.isEmpty() && queue.waitingRequests() == 0) {
                    active = false;
                    return false;
                }
            }
            long begin = System.nanoTime();
            endThoseThatLeave(begin);
            dropOldPrefixes();
            join(begin);
            if (!running.isEmpty()) {
                compute(begin);
            }
            prefixBytes = batch.prefixBytes();
            return true;
        } finally {
            stepping = null;
        }
    }

    private void endThoseThatLeave(long now) {
        for (GenerationTask task : List.copyOf(running)) {
            RunningGeneration generation = task.running;
            boolean isCancelled = isStopped || task.isCancelled();
            if (generation != null && (isCancelled || task.isLate(now))) {
                generation.cancel();
                leave(task, generation.result(), isCancelled ? null : Failures.late());
            }
        }
    }

    /** Drops the prefixes of adapters that were deleted or replaced, so that they do not keep their arrays. */
    private void dropOldPrefixes() {
        ModelSnapshot now = model.snapshot();
        if (!now.isSame(compared)) {
            compared = now;
            batch.retainPrefixes(owner -> {
                String adapter = ((Conversations.Sharing) owner).adapter();
                return isServed(adapter) ? modelOf(now, adapter) : null;
            });
        }
    }

    private static @Nullable Model modelOf(ModelSnapshot snapshot, String adapter) {
        try {
            return snapshot.model(adapter);
        } catch (IllegalArgumentException e) {
            // It was deleted in between, or its name is that of an adapter with an end of its own now.
            return null;
        }
    }

    /** Lets waiting tasks join in the fair order, until one has no room. */
    private void join(long now) {
        Room room = new Room();
        int prompts = 0;
        GenerationTask task = poll(now, room);
        while (task != null) {
            prompts += start(task);
            room.prompts = prompts;
            task = poll(now, room);
        }
        cachedTokens = reserved() + conversations.tokens();
    }

    /** Whether there is room. The first task in the order that has none waits for it, and others do not overtake it. */
    private final class Room {
        private int prompts;
        private boolean isOver;

        boolean isFor(GenerationTask task) {
            isOver |= running.size() >= maxRunning
                    || (prompts > 0 && prompts + task.size() > MAX_PROMPT_TOKENS)
                    || reserved() + roomFor(task) > maxCachedTokens;
            return !isOver;
        }
    }

    private @Nullable GenerationTask poll(long now, Room room) {
        List<GenerationTask> late = new ArrayList<>();
        GenerationTask next;
        synchronized (lock) {
            next = queue.poll(now, room::isFor, late::add);
        }
        late.forEach(task -> failed(task, Failures.late()));
        return next;
    }

    private long reserved() {
        return running.stream().mapToLong(task -> task.room).sum();
    }

    /** The room of a cache that is kept can double when it grows. If that is too much, none is kept. */
    private long roomFor(GenerationTask task) {
        return keepsCache(task) ? 2 * task.longest() : task.longest();
    }

    private boolean keepsCache(GenerationTask task) {
        return task.conversation() != null && 2 * task.longest() <= maxCachedTokens;
    }

    /** Starts a generation. Returns how many tokens of its prompt are to be computed. */
    private int start(GenerationTask task) {
        recorder.began(task);
        if (FlightEvents.areOn()) {
            task.event = new GenerationEvent();
            task.event.begin();
        }
        conversations.keepOnly(this::isServed);
        Conversations.Key key = keepsCache(task) ? task.conversation() : null;
        task.room = roomFor(task);
        if (key != null) {
            BatchGenerator.PromptCache known = conversations.take(key);
            boolean isTooLarge = known != null && known.bytes() > task.room * batch.cacheBytesPerToken();
            task.cache = known == null || isTooLarge ? batch.newPromptCache() : known;
        }
        conversations.evictTo(maxCachedTokens - reserved() - task.room);
        running.add(task);
        String adapter = task.adapter();
        ModelSnapshot now = model.snapshot();
        try {
            RunningGeneration generation = batch.add(
                    now.model(adapter),
                    task.prompt(),
                    task.options(),
                    task::accept,
                    task.cache,
                    maxPrefixBytes > 0 ? task.sharing() : null);
            task.handle().use(now.usedLater(adapter));
            task.running = generation;
            return task.size() - countReused(task);
        } catch (ServingException e) {
            leave(task, null, e);
            return 0;
        } catch (IllegalArgumentException e) {
            // The prompt was checked before, so the adapter was deleted, or is for another end of the model.
            leave(
                    task,
                    null,
                    now.names().contains(adapter)
                            ? Failures.generatesNothing(adapter, e)
                            : Failures.unknown(adapter, e));
            return 0;
        } catch (RuntimeException | Error e) {
            leave(task, null, Failures.internal(e));
            return 0;
        }
    }

    /** Gives back what was charged for tokens of the prompt that turn out to be known. Returns how many these are. */
    private int countReused(GenerationTask task) {
        int reused = task.takeReused();
        if (reused > 0) {
            charge(task.adapter(), -reused);
            recorder.reused(task.adapter(), reused);
        }
        return reused;
    }

    private boolean isServed(String adapter) {
        return adapter.equals(LoRAModel.BASE) || model.names().contains(adapter);
    }

    private void charge(String adapter, long tokens) {
        synchronized (lock) {
            queue.charge(adapter, tokens);
        }
    }

    private void compute(long begin) {
        List<GenerationTask> now = List.copyOf(running);
        try {
            batch.step();
        } catch (RuntimeException | Error e) {
            // What the generator and the caches hold may be broken.
            batch = newBatch();
            now.forEach(task -> leave(task, null, Failures.internal(e)));
            return;
        }
        Map<String, Long> newTokens = new LinkedHashMap<>();
        long all = 0;
        for (GenerationTask task : now) {
            int unused = countReused(task);
            int ofTask = task.takeNewTokens();
            newTokens.merge(task.adapter(), (long) ofTask, Long::sum);
            int computed = task.takeComputed() + ofTask;
            recorder.computed(task.adapter(), computed);
            all += computed;
        }
        newTokens.forEach(this::charge);
        if (!batch.isStanding()) {
            recorder.batch(now.size(), all, System.nanoTime() - begin);
        }
        for (GenerationTask task : now) {
            RunningGeneration generation = task.running;
            if (generation != null && generation.isFinished()) {
                finish(task, generation);
            }
        }
    }

    private void finish(GenerationTask task, RunningGeneration generation) {
        Generation result;
        try {
            result = generation.result();
        } catch (ServingException e) {
            // A constraint refuses to go on.
            leave(task, null, e);
            return;
        } catch (RuntimeException | Error e) {
            leave(task, null, Failures.internal(e));
            return;
        }
        leave(task, result, null);
    }

    /** Ends a task that runs. */
    private void leave(GenerationTask task, @Nullable Generation result, @Nullable ServingException failure) {
        running.remove(task);
        task.record(result);
        Conversations.Key key = task.conversation();
        if (task.cache != null && key != null && failure == null) {
            conversations.keep(key, task.cache);
            conversations.evictTo(maxCachedTokens - reserved());
        }
        ServingException recorded = failure == null && result != null && result.finish() == Finish.CANCELLED
                ? Failures.cancelled()
                : failure;
        recorder.ended(task, recorded);
        end(task, result, failure);
    }

    private void end(GenerationTask task, @Nullable Generation result, @Nullable ServingException failure) {
        task.release();
        // Its keys and values count no more, and whoever keeps the handle must not keep them.
        task.running = null;
        task.cache = null;
        task.handle().end(failure);
        Runnable completion = () -> {
            if (failure != null) {
                task.handle().result().completeExceptionally(failure);
            } else if (result != null) {
                task.handle().result().complete(result);
            }
        };
        try {
            completions.execute(completion);
        } catch (RuntimeException | Error e) {
            completion.run();
        }
        synchronized (lock) {
            queue.ended(1);
            if (queue.pending() == 0) {
                lock.notifyAll();
            }
        }
    }

    /** The tokens that the running generations and the conversations have room for. */
    long cachedTokens() {
        return cachedTokens;
    }

    /** The memory of what is known of prompts. */
    long prefixBytes() {
        return prefixBytes;
    }

    /** How many requests of each adapter wait. */
    Map<String, Integer> waiting() {
        synchronized (lock) {
            return queue.requests();
        }
    }

    @Override
    public void close() {
        synchronized (lock) {
            queue.close();
        }
    }

    @Override
    public void stop() {
        isStopped = true;
        List<GenerationTask> waiting;
        synchronized (lock) {
            waiting = queue.removeAllWaiting();
        }
        waiting.forEach(task -> failed(task, Failures.closed()));
    }

    @Override
    public boolean isEmpty() {
        synchronized (lock) {
            return queue.pending() == 0;
        }
    }

    @Override
    public boolean awaitEnd(long nanos) throws InterruptedException {
        if (stepping == Thread.currentThread()) {
            return true;
        }
        long begin = System.nanoTime();
        synchronized (lock) {
            long left = nanos;
            while (queue.pending() > 0 && left > 0) {
                TimeUnit.NANOSECONDS.timedWait(lock, left);
                left = nanos - (System.nanoTime() - begin);
            }
            return queue.pending() == 0;
        }
    }
}
