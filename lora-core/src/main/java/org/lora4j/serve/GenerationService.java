package org.lora4j.serve;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.generate.BatchGenerator;
import org.lora4j.generate.Generation;
import org.lora4j.generate.TokenConstraint;
import org.lora4j.nn.Network;
import org.lora4j.serve.ServingException.Reason;

/**
 * Generates texts for many at the same time, each with its own adapter. Texts join and leave at each token, and the weights of the
 * base are read once for all.
 *
 * <pre>{@code
 * GenerationService service = GenerationService.builder(model).adapters(cache).build();
 * GenerationOptions options = GenerationOptions.greedy().withMaxTokens(200).withStopIds(end);
 * GenerationHandle reply = service.generate(GenerationRequest.of("support", prompt, options));
 * reply.stream().forEach(tokens::add);                    // each token as it comes
 * }</pre>
 *
 * <p><b>Order.</b> Requests wait for each adapter, and the next one is of the adapter for which the fewest tokens were computed, as
 * in a {@link BatchingPredictor}; the tokens of prompts and the new ones count alike. A generation that runs is not interrupted for
 * another one. So an adapter with very many requests can use all places while nobody else wants them, and another one then waits
 * until one of its generations ends.
 *
 * <p><b>Memory.</b> A generation starts when there is room for the keys and values of its prompt and all its new tokens, so it
 * never fails for lack of room later. What a conversation knows is kept as long as there is room for it; the conversation that was not
 * used for the longest time goes first. It belongs to the content of the adapter, not to its name: after the adapter was replaced, the
 * next prompt is computed anew.
 *
 * <p><b>Prompts that begin alike.</b> The beginning of a prompt, such as a system message with tools, is computed once for all requests of
 * the same adapter and {@linkplain GenerationRequest#withScope scope}, also if they run at the same time. It is kept in blocks of 16 tokens
 * within {@link Builder#maxPrefixBytes}; the blocks that were not used for the longest time go first, and all of an adapter when it is
 * replaced or deleted. The last 16 tokens of a prompt are always computed. {@link Generation#reusedTokens} says what was not computed.
 *
 * <p><b>Results.</b> A generation has the tokens that a {@link org.lora4j.generate.Generator} gives alone, except where rounding
 * decides between tokens that are equally probable. It uses the adapter that the model has when it starts, to its end.
 *
 * <p><b>Threads.</b> The steps are taken by one daemon thread with the name {@code lora4j-generate}. It starts with the first request,
 * and ends when the service is closed or has had nothing to do for a few seconds.
 *
 * <p>Any number of threads can use a service.
 */
public final class GenerationService implements AutoCloseable {
    private static final long IDLE_SECONDS = 5;

    private final Admission<GenerationTask> admission;
    private final Network network;
    private final ServingRecorder recorder;
    private final BatchGenerator checks;
    private final long maxCachedTokens;
    private final GenerationLoop loop;
    private final @Nullable ThreadPoolExecutor ownThread;

    GenerationService(Builder builder) {
        LoRAModel model = builder.model;
        network = model.network();
        checks = BatchGenerator.of(model.base(), Long.MAX_VALUE);
        maxCachedTokens = builder.maxCachedTokens > 0
                ? builder.maxCachedTokens
                : Runtime.getRuntime().maxMemory() / 2 / checks.cacheBytesPerToken();
        recorder = builder.figures == null
                ? new ServingRecorder(model, builder.cache, builder.listener, builder.maxNames)
                : builder.figures;
        ownThread = builder.steps == null ? newThread() : null;
        loop = new GenerationLoop(
                builder,
                maxCachedTokens,
                recorder,
                builder.steps == null ? Objects.requireNonNull(ownThread) : builder.steps);
        recorder.add(loop::waiting);
        admission = new Admission<>(model, builder.cache, builder.allowBase, recorder, loop);
    }

    private static ThreadPoolExecutor newThread() {
        ThreadPoolExecutor one =
                new ThreadPoolExecutor(1, 1, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
                    Thread thread = new Thread(task, "lora4j-generate");
                    thread.setDaemon(true);
                    return thread;
                });
        one.allowCoreThreadTimeOut(true);
        return one;
    }

    /**
     * Starts to build a service.
     *
     * @param model a decoder with adapters
     * @return a builder with the defaults
     */
    public static Builder builder(LoRAModel model) {
        Objects.requireNonNull(model, "model must not be null");
        return new Builder(model, null);
    }

    /**
     * Starts to build a service beside a predictor. It has the predictor's model, adapters and listener, and {@link #stats} of either has
     * the figures of both.
     *
     * @param predictor computes embeddings, classes or scores of the same decoder
     * @return a builder with the defaults, whose {@code adapters}, {@code listener} and {@code maxNamesInStats} are those of the predictor
     */
    public static Builder builder(BatchingPredictor predictor) {
        Objects.requireNonNull(predictor, "predictor must not be null");
        return new Builder(predictor.recorder().model(), predictor.recorder());
    }

    /**
     * Starts a generation. It does not block, also if the adapter must be loaded first.
     *
     * @param request what to generate
     * @return the generation
     * @throws ServingException if the prompt does not fit the model or the limit of cached tokens, there is no such adapter, too
     *     much waits, or the service is closed. What is found later is the failure of {@link GenerationHandle#result}
     */
    public GenerationHandle generate(GenerationRequest request) {
        Objects.requireNonNull(request, "request must not be null");
        long begin = System.nanoTime();
        GenerationTask task = admission.checked(
                request.adapter(), () -> new GenerationTask(request, maxTokens(request), loop, begin));
        admission.admit(List.of(task));
        admission.start(task, task.handle().result());
        return task.handle();
    }

    private int maxTokens(GenerationRequest request) {
        int prompt = request.prompt().length;
        int fit;
        try {
            fit = checks.maxTokens(request.prompt(), request.generation());
        } catch (IllegalArgumentException e) {
            throw Failures.invalidInput(network.stack(), e);
        }
        long room = maxCachedTokens - prompt + 1;
        int wanted = request.generation().maxTokens();
        if (room < Math.max(1, wanted)) {
            throw new ServingException(
                    Reason.INVALID_INPUT,
                    "the prompt and the new tokens must be at most " + (maxCachedTokens + 1)
                            + " tokens together, found " + prompt + " and " + Math.max(1, wanted),
                    null);
        }
        int most = (int) Math.min(fit, room);
        requireConstraint(request, most);
        return most;
    }

    /** Before the request waits, because it would fail then. */
    private static void requireConstraint(GenerationRequest request, int maxTokens) {
        TokenConstraint constraint = request.generation().constraint();
        try {
            if (constraint != null) {
                TokenConstraint.State unused = constraint.begin(maxTokens);
            }
        } catch (IllegalArgumentException e) {
            throw new ServingException(Reason.INVALID_INPUT, String.valueOf(e.getMessage()), e);
        }
    }

    /** Takes a step, for tests that give an executor that does nothing. */
    boolean step() {
        return loop.step();
    }

    /**
     * Returns whether no generation waits or is computed. It is cheap: work that must let them go first can ask often.
     *
     * @return false from when a generation is accepted until it has ended
     */
    public boolean isIdle() {
        return admission.isIdle();
    }

    /**
     * Returns what happened so far. The units are tokens, of prompts and new ones; a batch is a step.
     *
     * @return the figures of each adapter and of all
     */
    public ServingStats stats() {
        return recorder.stats();
    }

    /**
     * Returns for how many tokens the running generations and the kept conversations have room.
     *
     * @return the tokens, at most {@link Builder#maxCachedTokens}
     */
    public long cachedTokens() {
        return loop.cachedTokens();
    }

    /**
     * Returns the memory of what is known of the beginnings of prompts.
     *
     * @return the bytes, at most {@link Builder#maxPrefixBytes}
     */
    public long prefixBytes() {
        return loop.prefixBytes();
    }

    /**
     * Rejects all later requests, waits until those that were accepted have ended, and ends the thread. Cancel their handles
     * first to wait less. An interrupt ends the wait, and the thread stays interrupted. A consumer of tokens can close the service; it
     * does not wait.
     */
    @Override
    public void close() {
        close(Request.LONGEST);
    }

    /**
     * Closes the service as {@link #close()}, but does not wait longer than a time. Then generations that run are cancelled, with the
     * tokens that they have, and requests that wait fail with {@link ServingException.Reason#CLOSED}. A request whose adapter is
     * being loaded fails when the source has returned.
     *
     * @param timeout the longest wait; zero waits for the current step only
     * @throws IllegalArgumentException if it is negative
     */
    public void close(Duration timeout) {
        admission.close(timeout);
        if (ownThread != null) {
            ownThread.shutdown();
        }
    }

    /** Builds a {@link GenerationService}. */
    public static final class Builder {
        private static final long DEFAULT_WAITING_TOKENS = 65_536;
        private static final int DEFAULT_RUNNING = 32;
        private static final int DEFAULT_CONVERSATIONS = 1_000;
        private static final int DEFAULT_NAMES = 100;
        private static final int DEFAULT_PREFIX_SHARE = 8;

        final LoRAModel model;

        @Nullable
        AdapterCache cache;

        long maxCachedTokens;
        long maxPrefixBytes = Runtime.getRuntime().maxMemory() / DEFAULT_PREFIX_SHARE;
        int maxRunning = DEFAULT_RUNNING;
        int maxConversations = DEFAULT_CONVERSATIONS;
        long maxWaitingTokens = DEFAULT_WAITING_TOKENS;
        long maxWaitingTokensPerAdapter;
        int maxNames = DEFAULT_NAMES;
        boolean allowBase;
        ToDoubleFunction<String> weights = adapter -> 1;
        Executor executor = ForkJoinPool.commonPool();
        ServingListener listener = new ServingListener() {};

        @Nullable
        Executor steps;

        /** The figures of another service of the model; null for own ones. */
        final @Nullable ServingRecorder figures;

        Builder(LoRAModel model, @Nullable ServingRecorder figures) {
            this.model = model;
            this.figures = figures;
            cache = figures == null ? null : figures.cache();
        }

        private void requireOwn(String setting) {
            if (figures != null) {
                throw new IllegalStateException(
                        setting
                                + " must be set for the predictor that the service stands beside, found it set for the service");
            }
        }

        /**
         * Loads adapters that are not in the model when a request names them. Without a cache, such a request is refused.
         *
         * @param adapters a cache of the same model
         * @return this builder
         * @throws IllegalArgumentException if the cache is that of another model
         * @throws IllegalStateException if the service stands beside a predictor
         */
        public Builder adapters(AdapterCache adapters) {
            Objects.requireNonNull(adapters, "adapters must not be null");
            requireOwn("adapters");
            cache = adapters.requireOf(model);
            return this;
        }

        /**
         * Sets for how many tokens the running generations and the kept conversations may have room together. A token takes {@link
         * org.lora4j.generate.Generator#cacheBytesPerToken} bytes of the heap.
         *
         * @param tokens the number of tokens, at least 1; by default those that half of the memory of the JVM holds
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder maxCachedTokens(long tokens) {
            maxCachedTokens = requirePositive("maxCachedTokens", tokens);
            return this;
        }

        /**
         * Sets how much memory the keys and values of the beginnings of prompts may take, beside those of the running generations and the
         * kept conversations. They are on the heap too.
         *
         * @param bytes the bytes, not negative; an eighth of the memory of the JVM by default. Zero computes every prompt anew
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder maxPrefixBytes(long bytes) {
            if (bytes < 0) {
                throw new IllegalArgumentException("maxPrefixBytes must not be negative, found " + bytes);
            }
            maxPrefixBytes = bytes;
            return this;
        }

        /**
         * Sets how many generations run at the same time at most.
         *
         * @param generations the number, at least 1; 32 by default
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder maxRunning(int generations) {
            maxRunning = (int) requirePositive("maxRunning", generations);
            return this;
        }

        /**
         * Sets how many conversations are kept at most, apart from the limit of tokens.
         *
         * @param conversations the number, not negative; 1,000 by default. Zero keeps none
         * @return this builder
         * @throws IllegalArgumentException if the number is negative
         */
        public Builder maxConversations(int conversations) {
            if (conversations < 0) {
                throw new IllegalArgumentException("maxConversations must not be negative, found " + conversations);
            }
            maxConversations = conversations;
            return this;
        }

        /**
         * Sets from how many tokens of waiting prompts on all requests are rejected. While fewer wait, a prompt of any length is
         * accepted.
         *
         * @param tokens the number of tokens, at least 1; 65,536 by default
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder maxWaitingTokens(long tokens) {
            maxWaitingTokens = requirePositive("maxWaitingTokens", tokens);
            return this;
        }

        /**
         * Sets from how many tokens of waiting prompts of an adapter on requests of this adapter are rejected.
         *
         * @param tokens the number of tokens, at least 1; a quarter of {@link #maxWaitingTokens} by default
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         */
        public Builder maxWaitingTokensPerAdapter(long tokens) {
            maxWaitingTokensPerAdapter = requirePositive("maxWaitingTokensPerAdapter", tokens);
            return this;
        }

        private static long requirePositive(String name, long value) {
            if (value < 1) {
                throw new IllegalArgumentException(name + " must be at least 1, found " + value);
            }
            return value;
        }

        /**
         * Sets how much of the computation an adapter gets while others wait too, as {@link BatchingPredictor.Builder#weights}.
         *
         * @param ofAdapter returns the weight of an adapter, above 0 and finite; 1 for each by default
         * @return this builder
         */
        public Builder weights(ToDoubleFunction<String> ofAdapter) {
            weights = Objects.requireNonNull(ofAdapter, "ofAdapter must not be null");
            return this;
        }

        /**
         * Sets whether requests may name {@value LoRAModel#BASE} to use the base alone.
         *
         * @param allowed false by default
         * @return this builder
         */
        public Builder allowBase(boolean allowed) {
            allowBase = allowed;
            return this;
        }

        /**
         * Sets for how many adapters there are {@linkplain ServingStats#adapters figures of their own}.
         *
         * @param names the number of adapters, at least 1; 100 by default. Each takes about 16 KB
         * @return this builder
         * @throws IllegalArgumentException if the number is less than 1
         * @throws IllegalStateException if the service stands beside a predictor
         */
        public Builder maxNamesInStats(int names) {
            requireOwn("maxNamesInStats");
            maxNames = (int) requirePositive("maxNamesInStats", names);
            return this;
        }

        /**
         * Sets the executor that completes the results, so that actions that are added to them do not delay the steps.
         *
         * @param tasks the executor; {@link ForkJoinPool#commonPool} by default
         * @return this builder
         */
        public Builder executor(Executor tasks) {
            executor = Objects.requireNonNull(tasks, "tasks must not be null");
            return this;
        }

        /** Sets what runs the loop of the steps, in place of a thread of the service. */
        Builder steps(Executor loop) {
            steps = loop;
            return this;
        }

        /**
         * Sets the listener.
         *
         * @param events receives the events; its batches are steps
         * @return this builder
         * @throws IllegalStateException if the service stands beside a predictor
         */
        public Builder listener(ServingListener events) {
            requireOwn("listener");
            listener = Objects.requireNonNull(events, "events must not be null");
            return this;
        }

        /**
         * Creates the service.
         *
         * @return a service, ready for requests. It starts no thread yet
         * @throws IllegalArgumentException if the model is no decoder
         */
        public GenerationService build() {
            return new GenerationService(this);
        }
    }
}
