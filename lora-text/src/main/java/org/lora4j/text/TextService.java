package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.internal.AdapterNames;
import org.lora4j.internal.MessageText;
import org.lora4j.nn.Network;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterReloader;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.GenerationService;
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.KnownTasks.KnownTask;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskSettings;

/**
 * Texts in, answers out: embeddings, classes, tags and scores of a model with adapters, for any number of threads. Each adapter says what it is
 * for, and decides itself where texts are cut and which prompts they have, so one service serves adapters of all tasks.
 *
 * <pre>{@code
 * try (TextModel model = TextModel.open(ModelSource.of(folder), BaseStorage.of(Precision.FLOAT));
 *         TextService service = TextService.builder(model).adapters(Path.of("adapters")).build()) {
 *     Answer<float[]> embeddings = service.answer(
 *             Embed.class, "search", Embed.Texts.of(Embed.Kind.QUERY, List.of(query)), RequestOptions.defaults());
 *     Answer<ClassScores> classes =
 *             service.answer(Classify.class, "topics", List.of(text), RequestOptions.defaults());
 * }
 * }</pre>
 *
 * <p>There is one network for all tasks. Each layer of the transformer is computed once for a batch, whatever its rows are for; only
 * what follows it, the {@linkplain Head head}, is computed for the rows of each. So there is one queue, see {@link BatchingPredictor}, and
 * one {@link AdapterCache} with one limit. How much text becomes tokens at the same time is bounded by {@link TextModel#textLimiter}.
 *
 * <p>What is wrong with a request is a {@link ServingException}, whose message may be sent to a client.
 */
public final class TextService implements AutoCloseable {
    private final TextModel model;
    private final Task alone;
    private final boolean allowBase;
    private final @Nullable Adapters adapters;
    private final LoRAModel adapted;
    private final BatchingPredictor predictor;

    /** Whether the predictor is closed with this service. */
    private final boolean isOwned;

    private final @Nullable AdapterCache cache;
    private final @Nullable AdapterReloader reloader;

    /** What the model does alone, ready for requests; null if it is not served so. */
    private final @Nullable KnownTask own;

    private TextService(Builder builder) throws IOException {
        model = builder.model;
        alone = aloneOf(builder);
        allowBase = builder.allowBase;
        adapters = builder.known != null ? builder.known : newAdapters(builder);
        isOwned = builder.predictor == null;
        Network ofAlone = allowBase && alone instanceof RowTask ? networkOfAlone(builder) : null;
        own = ofAlone == null ? null : KnownTask.of(alone, model.textTokens(), ofAlone);
        if (builder.predictor != null) {
            adapted = Objects.requireNonNull(builder.given);
            predictor = builder.predictor;
            cache = null;
            reloader = null;
            return;
        }
        adapted = LoRAModel.of(model.common());
        BatchingPredictor.Builder batches = BatchingPredictor.builder(adapted);
        builder.predictors.accept(batches);
        if (ofAlone != null) {
            batches.allowBase(ofAlone);
        }
        if (adapters == null) {
            cache = null;
        } else {
            AdapterCache.Builder caching = AdapterCache.builder(adapted, adapters.ofAllHeads());
            builder.caches.accept(caching);
            cache = caching.build();
            batches.adapters(cache);
        }
        reloader = cache == null || builder.folder == null || builder.reload.isZero()
                ? null
                : AdapterReloader.start(cache, builder.folder, builder.reload);
        predictor = batches.build();
    }

    private Network networkOfAlone(Builder builder) throws IOException {
        Head head = alone.head();
        if (head.isTrained() && !model.hasOwn(head)) {
            throw new IllegalArgumentException(model.source() + ": the model must have a classifier with the head "
                    + head.text() + " to be served alone, found none; serve it with adapters that bring one");
        }
        if (builder.given != null) {
            return builder.given.network();
        }
        return adapters == null ? model.network(head) : adapters.network(head);
    }

    private @Nullable Adapters newAdapters(Builder builder) {
        return builder.folder == null && builder.single.isEmpty()
                ? null
                : new Adapters(model, builder.folder, builder.single, alone, builder.asked);
    }

    private static Task aloneOf(Builder builder) throws IOException {
        Task task = builder.alone == null ? builder.model.task() : builder.alone;
        return task instanceof RowTask ? task.with(builder.asked) : task;
    }

    /**
     * Starts to build a service.
     *
     * @param model the model, which must stay open
     * @return a builder with the defaults
     */
    public static Builder builder(TextModel model) {
        return new Builder(Objects.requireNonNull(model, "model must not be null"));
    }

    /**
     * Returns what an adapter is for.
     *
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the model alone
     * @return its task
     * @throws ServingException if there is no such adapter, its files cannot be read, or the model is not served alone
     */
    public Task task(String adapter) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        if (adapter.equals(LoRAModel.BASE)) {
            if (!allowBase) {
                throw unknown(adapter, null);
            }
            return alone;
        }
        if (adapters == null) {
            throw unknown(adapter, null);
        }
        try {
            return adapters.task(adapter);
        } catch (IllegalArgumentException e) {
            throw unknown(adapter, e);
        } catch (IOException e) {
            throw unavailable(adapter, e);
        }
    }

    /**
     * Starts to build what generates with the same model and adapters. Its figures are among those of {@link #stats}.
     *
     * @return a builder; close its service before this one
     * @throws IllegalArgumentException if the model is no decoder with a language model
     */
    public GenerationService.Builder generations() {
        if (!model.model().canGenerate()) {
            throw new IllegalArgumentException(
                    model.source() + ": the model must be a decoder with a language model to generate, found none");
        }
        return GenerationService.builder(predictor).allowBase(allowBase);
    }

    /**
     * Returns the model with the adapters of all tasks.
     *
     * @return the model, which the {@link #cache} adds adapters to
     */
    public LoRAModel adapted() {
        return adapted;
    }

    /**
     * Returns what loads the adapters of all tasks.
     *
     * @return the cache; nothing if there are no adapters, or the program made the predictor
     */
    public Optional<AdapterCache> cache() {
        return Optional.ofNullable(cache);
    }

    private static ServingException unknown(String adapter, @Nullable Exception cause) {
        return new ServingException(Reason.UNKNOWN_ADAPTER, "there is no adapter " + MessageText.quote(adapter), cause);
    }

    static ServingException unavailable(String adapter, @Nullable Exception cause) {
        return new ServingException(
                Reason.ADAPTER_UNAVAILABLE,
                "the adapter " + MessageText.quote(adapter) + " is not available now; try again later",
                cause);
    }

    /**
     * Answers a request, in a batch with those of other threads.
     *
     * @param kind the class of the task, such as {@code Embed.class}
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the model alone
     * @param request what is asked
     * @param options how urgent it is
     * @param <Q> what is asked
     * @param <R> an answer
     * @param <T> the task
     * @return the answers, and which adapter gave them
     * @throws ServingException if there is no such adapter, it is for another task, a text has no tokens, or as
     *     {@link BatchingPredictor#prediction}
     */
    public <Q, R, T extends RowTask<Q, R>> Answer<R> answer(
            Class<T> kind, String adapter, Q request, RequestOptions options) {
        Objects.requireNonNull(request, "request must not be null");
        Objects.requireNonNull(options, "options must not be null");
        TextCall<Q, R> call = call(kind, adapter);
        return call.answer(request, call.limitedTokens(request, options), options);
    }

    /**
     * Prepares a request, for a program that bounds by itself how much text becomes tokens at the same time.
     *
     * @param kind the class of the task, such as {@code Embed.class}
     * @param adapter the name of an adapter, or {@value LoRAModel#BASE} for the model alone
     * @param <Q> what is asked
     * @param <R> an answer
     * @param <T> the task
     * @return the request
     * @throws ServingException if there is no such adapter, or it is for another task
     */
    public <Q, R, T extends RowTask<Q, R>> TextCall<Q, R> call(Class<T> kind, String adapter) {
        Objects.requireNonNull(kind, "kind must not be null");
        return new TextCall<>(this, kind, adapter, known(adapter));
    }

    /** Returns what an adapter is for, ready for a request. */
    KnownTask known(String adapter) {
        if (adapter.equals(LoRAModel.BASE)) {
            Task task = task(adapter);
            return own == null ? new KnownTask(task, null) : own;
        }
        KnownTask last = adapters == null ? null : adapters.last(adapter);
        return last == null ? known(adapter, task(adapter)) : last;
    }

    /** Prepares a task before the adapter is loaded. */
    private KnownTask known(String adapter, Task task) {
        if (!(task instanceof RowTask)) {
            return new KnownTask(task, null);
        }
        try {
            return KnownTask.of(
                    task, model.textTokens(), Objects.requireNonNull(adapters).network(task.head()));
        } catch (IOException | IllegalArgumentException e) {
            throw unavailable(adapter, e);
        }
    }

    /** Returns what an adapter that computed an output is for; null if it is forgotten. */
    @Nullable
    KnownTask known(KnownTask asIs, @Nullable UsedAdapter adapter) {
        return adapter == null || adapters == null ? asIs : adapters.known(adapter);
    }

    /**
     * Lets the next request read an adapter again, for example after a training saved another one in its folder. Requests that run end with the old one.
     *
     * @param adapter its name
     */
    public void refresh(String adapter) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        if (adapters != null) {
            adapters.forget(adapter);
        }
        if (cache != null) {
            boolean unused = cache.forget(adapter);
        }
    }

    TextModel model() {
        return model;
    }

    BatchingPredictor predictor() {
        return predictor;
    }

    /**
     * Returns what happened so far.
     *
     * @return the figures of all adapters
     */
    public ServingStats stats() {
        return predictor.stats();
    }

    /** Rejects all later requests, and waits until those that were accepted have ended. The model stays open. */
    @Override
    public void close() {
        if (reloader != null) {
            reloader.close();
        }
        if (isOwned) {
            predictor.close();
        }
    }

    /** Builds a {@link TextService}. */
    public static final class Builder {
        private final TextModel model;
        private @Nullable Path folder;
        private @Nullable Adapters known;
        private @Nullable LoRAModel given;
        private @Nullable BatchingPredictor predictor;
        private final Map<String, Path> single = new LinkedHashMap<>();
        private @Nullable Task alone;
        private boolean allowBase;
        private TaskSettings asked = TaskSettings.none();
        private Duration reload = Duration.ZERO;
        private Consumer<BatchingPredictor.Builder> predictors = builder -> {};
        private Consumer<AdapterCache.Builder> caches = builder -> {};

        private Builder(TextModel model) {
            this.model = model;
        }

        /**
         * Sets a folder with a sub-folder for each adapter. An adapter is loaded when the first request names it.
         *
         * @param adapters the folder; none by default
         * @return this builder
         */
        public Builder adapters(Path adapters) {
            folder = Objects.requireNonNull(adapters, "adapters must not be null");
            return this;
        }

        /**
         * Sets the adapters, which other parts of a program load too.
         *
         * @param adapters the adapters of the model; none by default
         * @return this builder
         */
        public Builder adapters(Adapters adapters) {
            known = Objects.requireNonNull(adapters, "adapters must not be null");
            return this;
        }

        /**
         * Sets what computes, which the program made and closes. Its cache loads from {@link Adapters#ofAllHeads}, or has adapters of one
         * head only.
         *
         * @param model a network with the head of what the model does alone, and its adapters
         * @param batches computes requests
         * @return this builder
         */
        public Builder predictor(LoRAModel model, BatchingPredictor batches) {
            given = Objects.requireNonNull(model, "model must not be null");
            predictor = Objects.requireNonNull(batches, "batches must not be null");
            return this;
        }

        /**
         * Adds one adapter. It is loaded when the first request names it.
         *
         * @param name its name
         * @param adapter its folder
         * @return this builder
         * @throws IllegalArgumentException if the name is refused
         */
        public Builder adapter(String name, Path adapter) {
            String problem = AdapterNames.problem(Objects.requireNonNull(name, "name must not be null"));
            if (problem != null) {
                throw new IllegalArgumentException("adapter: " + problem);
            }
            single.put(name, Objects.requireNonNull(adapter, "adapter must not be null"));
            return this;
        }

        /**
         * Sets what the model does without an adapter, which also holds for adapters that do not say what they are for.
         *
         * @param task for example a {@link org.lora4j.text.task.Rerank} for a decoder that answers yes or no; what its files say by
         *     default
         * @return this builder
         */
        public Builder alone(Task task) {
            alone = Objects.requireNonNull(task, "task must not be null");
            return this;
        }

        /**
         * Sets whether requests may use the model without an adapter.
         *
         * @param allowed false by default
         * @return this builder
         */
        public Builder allowBase(boolean allowed) {
            allowBase = allowed;
            return this;
        }

        /**
         * Sets what holds in place of what the files of the model and of all adapters say.
         *
         * @param settings for example where texts are cut; nothing by default
         * @return this builder
         */
        public Builder settings(TaskSettings settings) {
            asked = Objects.requireNonNull(settings, "settings must not be null");
            return this;
        }

        /**
         * Sets how often to look for adapters whose files were replaced, see {@link AdapterReloader}.
         *
         * @param interval zero, the default, for never
         * @return this builder
         */
        public Builder reload(Duration interval) {
            reload = Objects.requireNonNull(interval, "interval must not be null");
            return this;
        }

        /**
         * Sets the limits of the batches.
         *
         * @param settings gets the builder of a predictor
         * @return this builder
         */
        public Builder predictors(Consumer<BatchingPredictor.Builder> settings) {
            predictors = Objects.requireNonNull(settings, "settings must not be null");
            return this;
        }

        /**
         * Sets the limits of the adapters in memory.
         *
         * @param settings gets the builder of a cache
         * @return this builder
         */
        public Builder caches(Consumer<AdapterCache.Builder> settings) {
            caches = Objects.requireNonNull(settings, "settings must not be null");
            return this;
        }

        /**
         * Builds the service.
         *
         * @return the service; close it before the model
         * @throws IOException if a file of the model cannot be read
         * @throws IllegalArgumentException if the model is to be served alone and has no classifier, or the settings have no effect on it
         */
        public TextService build() throws IOException {
            return new TextService(this);
        }
    }
}
