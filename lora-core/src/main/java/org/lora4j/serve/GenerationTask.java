package org.lora4j.serve;

import org.jspecify.annotations.Nullable;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.Generation;
import org.lora4j.generate.Generation.Finish;
import org.lora4j.generate.GenerationOptions;
import org.lora4j.generate.RunningGeneration;
import org.lora4j.internal.events.GenerationEvent;

/** A request of a {@link GenerationService} on its way. The thread that takes the steps owns what changes while it runs. */
final class GenerationTask extends Request {
    private final GenerationRequest request;
    private final int maxTokens;
    private final GenerationHandle handle;
    private volatile boolean cancelled;

    /** What computes it, once it has been taken from the queue. */
    @Nullable
    RunningGeneration running;

    /** The cache of its conversation while it runs. */
    BatchGenerator.@Nullable PromptCache cache;

    /** What the flight recorder is told of it; null if it does not run. */
    @Nullable
    GenerationEvent event;

    /** The tokens that it has room for keys and values of. */
    long room;

    /** How many tokens have come. */
    private int accepted;

    /** How many of them {@link #takeNewTokens} has told. */
    private int told;

    private int toldComputed;
    private int toldReused;

    /**
     * Creates a task.
     *
     * @param maxTokens the most new tokens
     * @param service cancels a task
     */
    GenerationTask(GenerationRequest request, int maxTokens, GenerationLoop service, long begin) {
        super(request.adapter(), request.prompt().length, request.prompt().length, request.options(), begin);
        this.request = request;
        this.maxTokens = maxTokens;
        handle = new GenerationHandle(() -> service.cancel(this));
    }

    int[] prompt() {
        return request.prompt();
    }

    GenerationOptions options() {
        return request.generation().withMaxTokens(maxTokens);
    }

    /** The most tokens that it has keys and values of; those of the last new token are never computed. */
    long longest() {
        return size() + maxTokens - 1L;
    }

    /** What the cache of its conversation is kept under, or null if none is to be kept. */
    Conversations.@Nullable Key conversation() {
        String id = request.conversation();
        return id == null ? null : new Conversations.Key(sharing(), id);
    }

    /** Whose prompts it shares. */
    Conversations.Sharing sharing() {
        return new Conversations.Sharing(adapter(), request.scope());
    }

    GenerationHandle handle() {
        return handle;
    }

    /** Takes a new token. Returns false if no further one is needed. */
    boolean accept(int token) {
        RunningGeneration from = running;
        boolean asks = request.generation().logProbabilities().isPresent();
        handle.accept(token, asks && from != null ? from.logProbabilities(accepted) : null);
        accepted++;
        request.consumer().accept(token);
        return !cancelled;
    }

    /** Tells the flight recorder of its end. */
    void record(@Nullable Generation result) {
        RunningGeneration from = running;
        if (event != null) {
            event.end(
                    adapter(),
                    size(),
                    from == null ? 0 : from.reusedTokens(),
                    accepted,
                    result == null ? "FAILED" : result.finish().name());
        }
    }

    /** The tokens that came since this was asked last. */
    int takeNewTokens() {
        int count = accepted - told;
        told = accepted;
        return count;
    }

    /** The tokens of the prompt that were computed since this was asked last. */
    int takeComputed() {
        int now = running == null ? toldComputed : running.computedTokens();
        int count = now - toldComputed;
        toldComputed = now;
        return count;
    }

    /** The tokens of the prompt that were found to be known since this was asked last. */
    int takeReused() {
        int now = running == null ? toldReused : running.reusedTokens();
        int count = now - toldReused;
        toldReused = now;
        return count;
    }

    boolean isCancelled() {
        return cancelled;
    }

    void setCancelled() {
        cancelled = true;
    }

    /** The result of a task that was cancelled while it waited. */
    Generation nothing() {
        return new Generation(handle.tokens(), Finish.CANCELLED, size(), 0);
    }
}
