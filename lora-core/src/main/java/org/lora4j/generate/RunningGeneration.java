package org.lora4j.generate;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.generate.Generation.Finish;

/** A generation that a {@link BatchGenerator} computes together with others. Any number of threads can use it. */
public final class RunningGeneration {
    /** Rows of logits of a prompt that are computed at a time. */
    static final int SCORED_ROWS = 64;

    private final CachedSequence text;
    private final GenerationOptions options;
    private final IntPredicate consumer;
    private final Sampler sampler;
    private final @Nullable ConstrainedChoice constrained;
    private final BitSet seen = new BitSet();
    private final int maxTokens;
    private final int promptTokens;
    private final BatchGenerator.@Nullable PromptCache cache;
    private final @Nullable PrefixTree prefixes;
    private int reusedTokens;
    private int computedTokens;
    private boolean left;
    private final List<Integer> tokens = new ArrayList<>();

    /** Those of each token; none if the options do not ask for them. */
    private final List<LogProbabilities.OfToken> logProbabilities = new ArrayList<>();

    /** Those of the tokens of the prompt; null if they are not asked for. It belongs to the thread that takes the steps. */
    private final @Nullable PromptScores scores;

    private @Nullable Finish finish;
    private @Nullable Throwable failure;
    private volatile boolean cancelled;

    RunningGeneration(
            CachedSequence text,
            int[] prompt,
            int reusedTokens,
            GenerationOptions options,
            int maxTokens,
            IntPredicate consumer,
            BatchGenerator.@Nullable PromptCache cache,
            @Nullable PrefixTree prefixes,
            @Nullable ConstrainedChoice constrained) {
        this.text = text;
        this.options = options;
        this.consumer = consumer;
        this.maxTokens = maxTokens;
        this.reusedTokens = reusedTokens;
        this.cache = cache;
        this.prefixes = prefixes;
        promptTokens = prompt.length;
        scores = options.promptLogProbabilities().isPresent()
                ? new PromptScores(prompt, options.promptLogProbabilities().getAsInt())
                : null;
        sampler = new Sampler(options);
        this.constrained = constrained;
        for (int id : prompt) {
            seen.set(id);
        }
        settle();
    }

    /** What is done in another thread before the next token can be chosen; null if nothing is. What fails ends this generation. */
    @Nullable
    CompletableFuture<?> pending() {
        try {
            if (settle() || constrained == null) {
                return null;
            }
            CompletableFuture<?> pending = constrained.pending();
            return pending == null ? CompletableFuture.completedFuture(null) : pending;
        } catch (Throwable e) {
            fail(e);
            return null;
        }
    }

    /** Waits until the next token can be chosen. */
    void awaitPending() {
        for (CompletableFuture<?> pending = pending(); pending != null; pending = pending()) {
            try {
                pending.join();
            } catch (CancellationException | CompletionException e) {
                // What failed is told by the constraint when it is asked again.
            }
        }
    }

    /** Ends the text if it is complete and nothing can follow. Returns whether that is known. */
    private synchronized boolean settle() {
        if (constrained == null || isFinished()) {
            return true;
        }
        if (constrained.pending() != null) {
            return false;
        }
        if (constrained.hasEnded()) {
            finish = Finish.STOP;
        } else if (tokens.size() >= maxTokens) {
            finish = Finish.LENGTH;
        }
        return true;
    }

    CachedSequence text() {
        return text;
    }

    /** The most tokens that it has room for keys and values of. */
    long reserved() {
        long longest = promptTokens + maxTokens - 1L;
        // The room of a cache that is kept can double when it grows.
        return cache == null ? longest : 2 * longest;
    }

    /** Gives its cache back, because no step computes it any more. */
    void leave() {
        left = true;
        if (cache != null) {
            cache.giveBack();
        }
    }

    boolean hasLeft() {
        return left;
    }

    /**
     * Returns how many tokens of the prompt are not computed, because their keys and values are known.
     *
     * @return the tokens. There can be more until the first new token comes, because another text computes the same ones
     */
    public synchronized int reusedTokens() {
        return reusedTokens;
    }

    /** Whether the next step needs the logits of each token of the prompt. */
    boolean isScoring() {
        return scores != null && !scores.areComplete();
    }

    /**
     * Computes the next tokens of the prompt, and the first new token behind them, while {@link #isScoring}. What fails is the failure of
     * this generation alone.
     *
     * @param pass has an output for each token
     * @param most how many tokens are computed
     */
    void score(DecoderPass pass, int most) {
        text.check();
        int end = Math.min(promptTokens, text.from() + most);
        while (text.from() < end && !isFinished()) {
            pass.compute(text, Math.min(end, text.from() + SCORED_ROWS), this::score);
        }
    }

    private void score(int token, double[] logits) {
        if (isFinished() || scores == null) {
            return;
        }
        try {
            if (token < promptTokens - 1) {
                requireFinite("the token " + (token + 1) + " of the prompt", logits);
            }
            scores.add(token, logits);
        } catch (Throwable e) {
            fail(e);
        }
        if (scores.areComplete()) {
            advance(logits);
        }
    }

    /**
     * Returns how many tokens of the prompt were computed so far.
     *
     * @return the tokens; once there is a new one, all of the prompt but the {@linkplain #reusedTokens reused} ones
     */
    public synchronized int computedTokens() {
        return computedTokens;
    }

    /** Whether the next step computes tokens of the prompt. */
    boolean isInPrompt() {
        return text.from() < promptTokens;
    }

    /** Takes what others have computed of the prompt since the last step. */
    synchronized void takeKnown() {
        if (prefixes != null && isInPrompt()) {
            text.check();
            reusedTokens += text.extend(prefixes, promptTokens);
        }
    }

    /** Whether the next block of the prompt is computed for another text, from where this one can take it. */
    boolean waitsFor(RunningGeneration other) {
        int end = text.from() + PrefixTree.BLOCK;
        return prefixes != null
                && prefixes == other.prefixes
                && other.text.from() == text.from()
                && end <= PrefixTree.most(promptTokens)
                && end <= other.promptTokens
                && text.beginsAs(other.text, end);
    }

    /**
     * Notes that a step has computed the next tokens.
     *
     * @param before the first of them
     */
    synchronized void computed(int before) {
        if (before < promptTokens) {
            computedTokens += Math.max(0, Math.min(promptTokens, text.from()) - before);
            if (prefixes != null) {
                text.addTo(prefixes, before, promptTokens);
            }
        }
    }

    /**
     * Chooses the next token, and takes those behind it that are the only ones allowed. What fails is the failure of this generation
     * alone.
     */
    void advance(double[] logits) {
        if (isFinished()) {
            return;
        }
        try {
            requireFinite("the new token " + tokens.size(), logits);
            OptionalInt top = options.logProbabilities();
            // The choice overwrites them.
            double[] computed = top.isPresent() ? logits.clone() : logits;
            int id = choose(logits);
            take(id, top.isPresent() ? LogProbabilities.OfToken.of(computed, id, top.getAsInt()) : null);
        } catch (Throwable e) {
            // A consumer in another language can throw anything, and must not end the steps of the others.
            fail(e);
        }
        takeForced();
    }

    /**
     * Takes the next tokens as long as only one is allowed. They need no logits, so no step of the model is computed for each: the
     * next step computes the keys and values of all together, as those of a prompt. So its logits are those of the same tokens one by
     * one except for rounding, because a product with several rows adds in another order than one with a single row. Log probabilities
     * need the logits of each token, so there every token is a step.
     */
    void takeForced() {
        boolean needsLogits = options.logProbabilities().isPresent() || isScoring();
        try {
            while (settle()
                    && constrained != null
                    && !needsLogits
                    && !isFinished()
                    && constrained.only() != ConstrainedChoice.SEVERAL) {
                sampler.skip();
                take(constrained.only(), null);
            }
        } catch (Throwable e) {
            fail(e);
        }
    }

    private void take(int id, LogProbabilities.@Nullable OfToken found) {
        add(id, found);
        end(id, consumer.test(id));
    }

    private synchronized void fail(Throwable e) {
        failure = e;
    }

    private synchronized void add(int id, LogProbabilities.@Nullable OfToken found) {
        if (constrained != null) {
            constrained.accept(id);
        }
        seen.set(id);
        sampler.accept(id);
        tokens.add(id);
        if (found != null) {
            logProbabilities.add(found);
        }
        text.append(id);
    }

    private static void requireFinite(String token, double[] logits) {
        for (int id = 0; id < logits.length; id++) {
            if (!Double.isFinite(logits[id])) {
                throw new ArithmeticException("generation: the logits of " + token + " must be finite, found "
                        + logits[id] + " for id " + id
                        + "; the adapter or the model may hold numbers that are too large");
            }
        }
    }

    private int choose(double[] logits) {
        if (constrained != null) {
            constrained.mask(logits);
        }
        return sampler.choose(logits, seen);
    }

    private synchronized void end(int id, boolean goesOn) {
        if (options.stopIds().contains(id) || options.stopWhen().test(Collections.unmodifiableList(tokens))) {
            finish = Finish.STOP;
            return;
        }
        boolean isKnown = settle();
        if (finish == null && isKnown && tokens.size() >= maxTokens) {
            finish = Finish.LENGTH;
        } else if (finish == null && !goesOn) {
            finish = Finish.CANCELLED;
        }
    }

    /** Ends the generation before its next token. The tokens so far stay its result. */
    public void cancel() {
        cancelled = true;
    }

    /**
     * Returns whether no further token will come.
     *
     * @return true if it ended, failed or was cancelled
     */
    public synchronized boolean isFinished() {
        if (cancelled && finish == null) {
            finish = Finish.CANCELLED;
        }
        return finish != null || failure != null;
    }

    /**
     * Returns the new tokens so far.
     *
     * @return a copy
     */
    public synchronized List<Integer> tokens() {
        return List.copyOf(tokens);
    }

    /**
     * Returns the log probabilities of a new token.
     *
     * @param index the number of the token among the new ones, from 0
     * @return those that {@link Generation#logProbabilities} will have
     * @throws IllegalStateException if the options do not ask for them
     * @throws IndexOutOfBoundsException if the token has not come
     */
    public synchronized LogProbabilities.OfToken logProbabilities(int index) {
        if (options.logProbabilities().isEmpty()) {
            throw new IllegalStateException("generation: the options must ask for log probabilities, found some that do"
                    + " not; use withLogProbabilities");
        }
        return logProbabilities.get(index);
    }

    /**
     * Returns the result.
     *
     * @return the tokens, and why the generation ended
     * @throws IllegalStateException if it has not ended
     * @throws ArithmeticException if the logits of a token were not finite
     * @throws RuntimeException what the consumer or {@link GenerationOptions#stopWhen} threw; an IllegalStateException with this
     *     cause if it was a checked exception, as other languages throw them
     * @throws Error as the consumer or {@link GenerationOptions#stopWhen}
     */
    public synchronized Generation result() {
        if (!isFinished()) {
            throw new IllegalStateException(
                    "a generation must have ended before its result, found one that goes on; call step until it has");
        }
        if (failure instanceof RuntimeException e) {
            throw e;
        }
        if (failure instanceof Error e) {
            throw e;
        }
        if (failure != null) {
            throw new IllegalStateException("the consumer of a generation failed: " + failure.getMessage(), failure);
        }
        Finish reason = finish == null ? Finish.CANCELLED : finish;
        return new Generation(
                tokens,
                reason,
                promptTokens,
                reusedTokens,
                logProbabilities,
                scores == null ? List.of() : scores.result());
    }

    @Override
    public synchronized String toString() {
        return "RunningGeneration(" + tokens.size() + " tokens" + (isFinished() ? ", ended)" : ")");
    }
}
