package org.lora4j.generate;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.events.FlightEvents;
import org.lora4j.internal.events.GenerationStepEvent;
import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.EffectiveLayers;

/**
 * Generates many texts together, each with its own adapters on one base. Texts join and leave between the steps. Each step
 * computes one token of each text, and takes those behind it that are the only ones that a constraint allows. A long prompt is computed in several steps, so that the other texts go on and it can be cancelled.
 * The products with the base weights are computed once for all. A text gets the same tokens as alone, except where rounding
 * decides between tokens that are equally probable.
 *
 * <pre>{@code
 * GenerationOptions options = GenerationOptions.greedy().withMaxTokens(200);
 * BatchGenerator batch = BatchGenerator.of(model.base());
 * RunningGeneration first = batch.add(model.using("support"), prompt, options);
 * RunningGeneration second = batch.add(model.using("sales"), otherPrompt, options);
 * while (batch.step() > 0) {
 *     // others may join
 * }
 * }</pre>
 *
 * <p>What is said of changes of the model at {@link Generator} is true of each text. What fails in one text, such as its
 * consumer, does not affect the others; {@link RunningGeneration#result} throws it.
 *
 * <p>Any number of threads can add and cancel generations while one of them takes the steps.
 */
public final class BatchGenerator {
    /**
     * The prompts of a step, and the tokens that were taken without a step, share so many tokens. With more the other texts would wait
     * longer, with fewer the prompts.
     */
    private static final int PROMPT_TOKENS = 256;

    /** The fewest tokens that a step computes of a longer prompt. If that is too much for all, the last ones wait. */
    private static final int LEAST_PART = 2 * PrefixTree.BLOCK;

    private static final long PATIENCE_MILLIS = 5;

    private final Decoder decoder;
    private final long cacheLimit;
    private final DecoderPass pass;

    /** Has an output for each token of a prompt that is scored. */
    private final DecoderPass allTokens;

    private final PrefixCache prefixes;
    private final List<RunningGeneration> running = new ArrayList<>();
    private final long patienceMillis;
    private boolean isStanding;

    /** Ends the wait of a step. */
    private volatile CompletableFuture<?> awake = new CompletableFuture<>();

    /** Creates a generator whose steps wait so long for constraints, if nobody wakes them. */
    BatchGenerator(Decoder decoder, long cacheLimit, long prefixLimit, long patienceMillis) {
        prefixes = new PrefixCache(prefixLimit);
        this.decoder = decoder;
        this.cacheLimit = cacheLimit;
        this.patienceMillis = patienceMillis;
        pass = new DecoderPass(decoder.ofLastTokens());
        allTokens = new DecoderPass(decoder.stack());
    }

    /**
     * Creates a generator without texts, whose caches may take half of the memory of the JVM.
     *
     * @param base a model on the base of all texts
     * @return the generator
     * @throws IllegalArgumentException if the model is no decoder
     */
    public static BatchGenerator of(Model base) {
        return of(base, Runtime.getRuntime().maxMemory() / 2);
    }

    /**
     * Creates a generator without texts.
     *
     * @param base a model on the base of all texts
     * @param cacheLimit the most bytes that the keys and values of all texts may take
     * @return the generator
     * @throws IllegalArgumentException if the model is no decoder, or the limit is negative
     */
    public static BatchGenerator of(Model base, long cacheLimit) {
        return of(base, cacheLimit, 0);
    }

    /**
     * Creates a generator without texts, which keeps the beginnings of prompts.
     *
     * @param base a model on the base of all texts
     * @param cacheLimit the most bytes that the keys and values of all texts may take
     * @param prefixLimit the most bytes that those of the beginnings of prompts may take beside them; those that were not used for the longest
     *     time go first
     * @return the generator
     * @throws IllegalArgumentException if the model is no decoder, or a limit is negative
     */
    public static BatchGenerator of(Model base, long cacheLimit, long prefixLimit) {
        Objects.requireNonNull(base, "base must not be null");
        if (cacheLimit < 0 || prefixLimit < 0) {
            throw new IllegalArgumentException("generation: the limit of the cache must not be negative, found "
                    + Math.min(cacheLimit, prefixLimit));
        }
        return new BatchGenerator(Decoder.of(base), cacheLimit, prefixLimit, PATIENCE_MILLIS);
    }

    /**
     * Adds a text; {@link #step} computes it.
     *
     * @param model the base, or a model with adapters on it
     * @param prompt the tokens before, at least one
     * @param options how tokens are chosen, and when the generation ends
     * @return the generation
     * @throws IllegalArgumentException as {@link #add(Model, int[], GenerationOptions, IntPredicate)}
     * @throws IllegalStateException as {@link #add(Model, int[], GenerationOptions, IntPredicate)}
     */
    public RunningGeneration add(Model model, int[] prompt, GenerationOptions options) {
        return add(model, prompt, options, id -> true);
    }

    /**
     * Adds a text, and hands each of its tokens over as it is chosen.
     *
     * @param model the base, or a model with adapters on it
     * @param prompt the tokens before, at least one
     * @param options how tokens are chosen, and when the generation ends
     * @param consumer is given each new token in the thread of {@link #step}; false cancels the generation
     * @return the generation
     * @throws IllegalArgumentException if the model has another base, the prompt is empty or too long, a token is outside the
     *     vocabulary, there are not enough positions, an adapter was deleted, or so few tokens cannot complete a
     *     text of the constraint; nothing is added then
     * @throws IllegalStateException if the caches of all texts, at their longest, would exceed the limit; nothing is added
     *     then. Try again when others have ended
     */
    public RunningGeneration add(Model model, int[] prompt, GenerationOptions options, IntPredicate consumer) {
        return add(model, prompt, options, consumer, null);
    }

    /**
     * Adds a text of a conversation, whose keys and values are kept for the next one.
     *
     * @param model the base, or a model with adapters on it
     * @param prompt the tokens before, at least one
     * @param options how tokens are chosen, and when the generation ends
     * @param consumer is given each new token in the thread of {@link #step}; false cancels the generation
     * @param cache what is known of the conversation, from {@link #newPromptCache}; or null for a text of its own
     * @return the generation
     * @throws IllegalArgumentException as {@link #add(Model, int[], GenerationOptions, IntPredicate)}
     * @throws IllegalStateException as {@link #add(Model, int[], GenerationOptions, IntPredicate)}, or if another generation uses
     *     the cache
     */
    public RunningGeneration add(
            Model model, int[] prompt, GenerationOptions options, IntPredicate consumer, @Nullable PromptCache cache) {
        return add(model, prompt, options, consumer, cache, null);
    }

    /**
     * Adds a text that shares the beginning of its prompt with others of its owner. Texts of one owner that begin alike compute their
     * beginning once, also if they run at the same time. Texts of different owners share nothing.
     *
     * @param model the base, or a model with adapters on it
     * @param prompt the tokens before, at least one
     * @param options how tokens are chosen, and when the generation ends
     * @param consumer is given each new token in the thread of {@link #step}; false cancels the generation
     * @param cache what is known of the conversation, from {@link #newPromptCache}; or null for a text of its own
     * @param owner anything with {@code equals}, such as the name of an adapter with that of a client; or null to share nothing. Its texts
     *     must have one model at a time: what another adapter, or another content of the adapter, has computed is dropped
     * @return the generation
     * @throws IllegalArgumentException as {@link #add(Model, int[], GenerationOptions, IntPredicate)}
     * @throws IllegalStateException as {@link #add(Model, int[], GenerationOptions, IntPredicate, PromptCache)}
     */
    public RunningGeneration add(
            Model model,
            int[] prompt,
            GenerationOptions options,
            IntPredicate consumer,
            @Nullable PromptCache cache,
            @Nullable Object owner) {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(prompt, "prompt must not be null");
        Objects.requireNonNull(options, "options must not be null");
        Objects.requireNonNull(consumer, "consumer must not be null");
        // A step that waits for constraints has the lock.
        wake();
        synchronized (this) {
            if (model.stack() != decoder.stack()) {
                throw new IllegalArgumentException(
                        "generation: texts that are generated together must have one and the same base"
                                + " network, found another one; use a BatchGenerator for each base");
            }
            decoder.requireTokens("prompt", prompt);
            removeFinished();
            long reserved =
                    running.stream().mapToLong(RunningGeneration::reserved).sum();
            int maxTokens =
                    decoder.maxTokens(prompt, options, Math.max(0, cacheLimit / decoder.bytesPerToken() - reserved));
            ConstrainedChoice constrained = ConstrainedChoice.begin(options, maxTokens, decoder.vocabulary());
            EffectiveLayers layers = model.effectiveLayers();
            int longest = prompt.length + maxTokens - 1;
            CachedSequence text = cache == null ? new CachedSequence(decoder, layers, longest) : cache.take();
            // A prompt that is scored needs the logits of each token.
            boolean isScored = options.promptLogProbabilities().isPresent();
            int reused = text.start(layers, prompt, cache == null || isScored ? 0 : prompt.length - 1);
            PrefixTree tree = owner == null || isScored ? null : prefixes.tree(owner);
            RunningGeneration added =
                    new RunningGeneration(text, prompt, reused, options, maxTokens, consumer, cache, tree, constrained);
            if (tree != null) {
                tree.use(text.cache());
                added.takeKnown();
            }
            running.add(added);
            return added;
        }
    }

    /**
     * Creates an empty cache for a conversation.
     *
     * @return a cache for texts of this generator
     */
    public PromptCache newPromptCache() {
        return new PromptCache(new CachedSequence(decoder, layer -> layer.original(), decoder.positions()));
    }

    /**
     * Checks a prompt without adding it.
     *
     * @param prompt the tokens before, at least one
     * @param options how tokens are chosen, and when the generation ends
     * @return the most new tokens of its generation, if no other text took memory
     * @throws IllegalArgumentException if the prompt is empty or too long, a token is outside the vocabulary, or there are not
     *     enough positions
     * @throws IllegalStateException if its cache alone would exceed the limit
     */
    public int maxTokens(int[] prompt, GenerationOptions options) {
        Objects.requireNonNull(prompt, "prompt must not be null");
        Objects.requireNonNull(options, "options must not be null");
        decoder.requireTokens("prompt", prompt);
        return decoder.maxTokens(prompt, options, cacheLimit / decoder.bytesPerToken());
    }

    /**
     * Returns the memory of the keys and values of one token, by which limits are divided. A layer with a window needs no more
     * than that of its window; this is not counted.
     *
     * @return {@code 2·g·d} numbers for each layer, in bytes
     */
    public long cacheBytesPerToken() {
        return decoder.bytesPerToken();
    }

    /**
     * Drops the beginnings of prompts that no longer belong to their owners. Texts that still compute with another adapter add nothing any
     * more.
     *
     * @param now returns the model of an owner, or null if it has none any more
     */
    public synchronized void retainPrefixes(Function<Object, @Nullable Model> now) {
        prefixes.retain(Objects.requireNonNull(now, "now must not be null"));
    }

    /**
     * Returns the memory that the beginnings of prompts take now.
     *
     * @return the bytes, at most the limit
     */
    public synchronized long prefixBytes() {
        return prefixes.bytes();
    }

    private void removeFinished() {
        for (RunningGeneration generation : running) {
            if (generation.isFinished()) {
                generation.leave();
            }
        }
        running.removeIf(RunningGeneration::hasLeft);
    }

    /**
     * Computes the next token of each text, with those behind it that are the only ones allowed; or the next part of its prompt if that
     * is long. A text whose constraint is {@linkplain TokenConstraint.State#pending computed in another thread} stands aside.
     *
     * @return how many texts go on
     */
    public synchronized int step() {
        removeFinished();
        // After the first step of a text there are none left.
        running.forEach(RunningGeneration::takeForced);
        removeFinished();
        List<CompletableFuture<?>> pending = new ArrayList<>();
        List<RunningGeneration> now = new ArrayList<>();
        for (RunningGeneration one : running) {
            CompletableFuture<?> before = one.pending();
            if (before == null && !one.isFinished()) {
                now.add(one);
            } else if (before != null) {
                pending.add(before);
            }
        }
        isStanding = now.isEmpty() && !pending.isEmpty();
        if (isStanding) {
            await(pending);
            return running.size();
        }
        List<RunningGeneration> computed = withoutThoseAside(now);
        GenerationStepEvent event = FlightEvents.areOn() ? new GenerationStepEvent() : null;
        if (event != null) {
            event.begin();
        }
        long tokens = compute(computed);
        if (event != null) {
            event.end(computed.size(), tokens);
        }
        removeFinished();
        return running.size();
    }

    /** Leaves out prompts whose next block is computed for another one, and those for which this step has no room. */
    private static List<RunningGeneration> withoutThoseAside(List<RunningGeneration> all) {
        List<RunningGeneration> now = new ArrayList<>();
        List<RunningGeneration> prompts = new ArrayList<>();
        int tokens = 0;
        for (RunningGeneration one : all) {
            one.takeKnown();
            if (!one.isInPrompt()) {
                now.add(one);
                continue;
            }
            int least = one.text().part(LEAST_PART);
            boolean isFirst = prompts.isEmpty();
            if (isFirst || (tokens + least <= PROMPT_TOKENS && prompts.stream().noneMatch(one::waitsFor))) {
                tokens += least;
                prompts.add(one);
                now.add(one);
            }
        }
        return now;
    }

    /** Computes the next tokens of texts. Returns how many. */
    private long compute(List<RunningGeneration> now) {
        List<CachedSequence> texts = now.stream().map(RunningGeneration::text).toList();
        int[] before = texts.stream().mapToInt(CachedSequence::from).toArray();
        int most = most(texts);
        List<RunningGeneration> scored =
                now.stream().filter(RunningGeneration::isScoring).toList();
        List<RunningGeneration> others =
                now.stream().filter(one -> !one.isScoring()).toList();
        pass.compute(
                others.stream().map(RunningGeneration::text).toList(),
                most,
                (text, logits) -> others.get(text).advance(logits));
        scored.forEach(one -> one.score(allTokens, most));
        long tokens = 0;
        for (int i = 0; i < before.length; i++) {
            tokens += texts.get(i).from() - before[i];
            now.get(i).computed(before[i]);
        }
        return tokens;
    }

    /**
     * Returns whether the last step computed nothing, because all texts wait for their constraints.
     *
     * @return false if it computed tokens, or there were no texts
     */
    public synchronized boolean isStanding() {
        return isStanding;
    }

    /** Waits a little, so that who takes the steps can let others join and leave. */
    private void await(List<CompletableFuture<?>> pending) {
        pending.add(awake);
        try {
            CompletableFuture.anyOf(pending.toArray(CompletableFuture[]::new)).get(patienceMillis, MILLISECONDS);
        } catch (ExecutionException | CancellationException | TimeoutException e) {
            // What failed is told by the text that asks for it.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (awake.isDone()) {
            awake = new CompletableFuture<>();
        }
    }

    /**
     * Ends the wait of a step in which all texts wait for their constraints; if there is none now, the next one. So who takes the steps
     * can let others join and leave at once. Any thread can call it, and it never waits.
     */
    public void wake() {
        awake.complete(null);
    }

    /** How many tokens of each text a step computes, so that those with few leave their rest to the others. */
    private static int most(List<CachedSequence> texts) {
        int[] several = texts.stream()
                .mapToInt(text -> text.length() - text.from())
                .filter(tokens -> tokens > 1)
                .sorted()
                .toArray();
        int left = PROMPT_TOKENS;
        for (int i = 0; i < several.length; i++) {
            int share = left / (several.length - i);
            if (several[i] > share) {
                return Math.max(LEAST_PART, share);
            }
            left -= several[i];
        }
        return PROMPT_TOKENS;
    }

    /**
     * Returns the memory that the keys and values of all texts take now.
     *
     * @return the bytes
     */
    public synchronized long cacheBytes() {
        return running.stream()
                .mapToLong(generation -> generation.text().cache().bytes())
                .sum();
    }

    @Override
    public synchronized String toString() {
        return "BatchGenerator(" + running.size() + " texts)";
    }

    /**
     * The keys and values of the last text of a conversation in a {@link BatchGenerator}. If the next prompt begins with the same
     * tokens, only the other ones are computed. It is never used for others than the layers that computed it: after the adapter was
     * replaced or trained, or if another adapter generates, the whole prompt is computed. So the result is the same as without it, except
     * for rounding.
     *
     * <pre>{@code
     * BatchGenerator.PromptCache conversation = batch.newPromptCache();
     * RunningGeneration reply = batch.add(view, prompt, options, token -> true, conversation);
     * }</pre>
     *
     * <p>One generation at a time can use it, and until that has ended, nobody else.
     */
    public static final class PromptCache {
        private final CachedSequence text;
        private final AtomicBoolean isInUse = new AtomicBoolean();

        PromptCache(CachedSequence text) {
            this.text = text;
        }

        /** The text, for one generation. */
        CachedSequence take() {
            if (isInUse.getAndSet(true)) {
                throw new IllegalStateException(
                        "generation: a prompt cache must be of one generation at a time, found one that is in use; wait for"
                                + " its end, or use another one");
            }
            return text;
        }

        CachedSequence text() {
            return text;
        }

        void giveBack() {
            isInUse.set(false);
        }

        /**
         * Returns the memory that its keys and values take now.
         *
         * @return the bytes
         */
        public long bytes() {
            return text.cache().bytes();
        }

        @Override
        public String toString() {
            return "PromptCache(" + text.length() + " tokens)";
        }
    }
}
