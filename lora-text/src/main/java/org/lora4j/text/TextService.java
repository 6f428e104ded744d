package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
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
import org.lora4j.serve.RequestOptions;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingException.Reason;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskSettings;

/**
 * Texts in, answers out: embeddings, classes and scores of a model with adapters, for any number of threads. Each adapter says what it is
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
 * <p>Tasks with equal {@linkplain Head heads} share a network and its batches, see {@link BatchingPredictor}; all share the weights of
 * the model. A network is made when the first adapter needs it. How much text becomes tokens at the same time is bounded by {@link
 * TextModel#textLimiter}.
 *
 * <p>What is wrong with a request is a {@link ServingException}, whose message may be sent to a client.
 */
public final class TextService implements AutoCloseable {
    private final TextModel model;
    private final Task alone;
    private final TaskSettings asked;
    private final boolean allowBase;
    private final @Nullable Path folder;
    private final @Nullable Adapters adapters;
    private final Duration reload;
    private final Consumer<BatchingPredictor.Builder> predictors;
    private final Consumer<AdapterCache.Builder> caches;
    private final Map<Head, HeadService> heads = new EnumMap<>(Head.class);
    private boolean isClosed;

    private TextService(Builder builder) throws IOException {
        model = builder.model;
        asked = builder.asked;
        alone = aloneOf(builder);
        allowBase = builder.allowBase;
        folder = builder.folder;
        reload = builder.reload;
        predictors = builder.predictors;
        caches = builder.caches;
        adapters = builder.known != null ? builder.known : newAdapters(builder);
        if (adapters != null) {
            adapters.onOtherHead(this::forget);
        }
        if (builder.predictor != null) {
            LoRAModel given = Objects.requireNonNull(builder.given);
            Head head = Objects.requireNonNull(builder.head);
            heads.put(head, new HeadService(given, builder.predictor, null, null, false, own(head, given.network())));
        }
        if (allowBase && alone instanceof RowTask) {
            if (alone.head().isTrained() && !model.hasOwn(alone.head())) {
                throw new IllegalArgumentException(model.source()
                        + ": the model must have a classifier with the head "
                        + alone.head().text()
                        + " to be served alone, found none; serve it with adapters that bring one");
            }
            Objects.requireNonNull(head(alone.head()));
        }
    }

    private @Nullable Adapters newAdapters(Builder builder) {
        return folder == null && builder.single.isEmpty()
                ? null
                : new Adapters(model, folder, builder.single, alone, asked);
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
     * Returns the adapters, which a service for another head can load too.
     *
     * @return the adapters; nothing if there are none
     */
    public Optional<Adapters> adapters() {
        return Optional.ofNullable(adapters);
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
        KnownTask last = adapters == null || adapter.equals(LoRAModel.BASE) ? null : adapters.last(adapter);
        if (last != null) {
            return last;
        }
        Task task = task(adapter);
        if (!(task instanceof RowTask)) {
            return new KnownTask(task, null);
        }
        HeadService service = headOf(adapter, task);
        KnownTask prepared = adapter.equals(LoRAModel.BASE) ? service.alone() : null;
        try {
            return prepared == null
                    ? KnownTask.of(task, model.textTokens(), service.model().network())
                    : prepared;
        } catch (IllegalArgumentException e) {
            throw unavailable(adapter, e);
        }
    }

    /** Returns what an adapter that computed an output is for; null if it is forgotten. */
    @Nullable
    KnownTask known(KnownTask asIs, @Nullable UsedAdapter adapter) {
        return adapter == null || adapters == null ? asIs : adapters.known(adapter);
    }

    /** Reads what the files of an adapter say now; null for the model alone. */
    @Nullable
    Task now(String adapter) throws IOException {
        return adapters == null || adapter.equals(LoRAModel.BASE) ? null : adapters.read(adapter);
    }

    HeadService headOf(String adapter, Task task) {
        try {
            return head(task.head());
        } catch (IOException | IllegalArgumentException e) {
            throw unavailable(adapter, e);
        }
    }

    private HeadService head(Head head) throws IOException {
        synchronized (heads) {
            HeadService service = heads.get(head);
            if (service == null) {
                if (isClosed) {
                    throw new ServingException(Reason.CLOSED, "the service was closed", null);
                }
                service = create(head);
                heads.put(head, service);
            }
            return service;
        }
    }

    private HeadService create(Head head) throws IOException {
        Network network = model.network(head);
        LoRAModel adapted = LoRAModel.of(network);
        BatchingPredictor.Builder predictor = BatchingPredictor.builder(adapted);
        predictors.accept(predictor);
        KnownTask own = own(head, network);
        boolean isAlone = own != null;
        AdapterCache cache = null;
        AdapterReloader reloader = null;
        if (adapters != null) {
            AdapterCache.Builder builder = AdapterCache.builder(adapted, adapters.of(head, network));
            caches.accept(builder);
            cache = builder.build();
            predictor.adapters(cache);
            reloader = folder == null || reload.isZero() ? null : AdapterReloader.start(cache, folder, reload);
        }
        return new HeadService(adapted, predictor.allowBase(isAlone).build(), cache, reloader, true, own);
    }

    /** What the model does alone with a head; null if it is not served so. */
    private @Nullable KnownTask own(Head head, Network network) {
        return allowBase && alone.head() == head && alone instanceof RowTask
                ? KnownTask.of(alone, model.textTokens(), network)
                : null;
    }

    /** An adapter was replaced by one with another head, so the network of the old one has no use for it. */
    private void forget(String adapter, Head head) {
        HeadService service;
        synchronized (heads) {
            service = heads.get(head);
        }
        if (service != null && service.cache() != null) {
            service.cache().forget(adapter);
        }
    }

    /**
     * Lets the next request read an adapter again, for example after a training saved another one in its folder. Requests that run end with the old one.
     *
     * @param adapter its name
     */
    public void refresh(String adapter) {
        Objects.requireNonNull(adapter, "adapter must not be null");
        Map<Head, HeadService> all;
        synchronized (heads) {
            all = new EnumMap<>(heads);
        }
        if (adapters != null) {
            adapters.forget(adapter);
        }
        for (HeadService service : all.values()) {
            if (service.cache() != null && service.cache().isLoaded(adapter)) {
                boolean unused = service.cache().forget(adapter);
            }
        }
    }

    TextModel model() {
        return model;
    }

    /**
     * Returns what happened so far.
     *
     * @return the figures of all adapters
     */
    public ServingStats stats() {
        synchronized (heads) {
            return ServingStats.sum(heads.values().stream()
                    .map(service -> service.predictor().stats())
                    .toList());
        }
    }

    /** Rejects all later requests, and waits until those that were accepted have ended. The model stays open. */
    @Override
    public void close() {
        Map<Head, HeadService> open;
        synchronized (heads) {
            isClosed = true;
            open = new EnumMap<>(heads);
        }
        open.values().forEach(HeadService::close);
    }

    /** Builds a {@link TextService}. */
    public static final class Builder {
        private final TextModel model;
        private @Nullable Path folder;
        private @Nullable Adapters known;
        private @Nullable Head head;
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
         * Sets what computes the tasks of a head, which the program made and closes.
         *
         * @param of the head of its network
         * @param model the network with its adapters
         * @param batches computes requests; its cache loads from the adapters of this service
         * @return this builder
         */
        public Builder predictor(Head of, LoRAModel model, BatchingPredictor batches) {
            head = Objects.requireNonNull(of, "of must not be null");
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
         * Sets the limits of the batches of each head.
         *
         * @param settings gets the builder of a predictor
         * @return this builder
         */
        public Builder predictors(Consumer<BatchingPredictor.Builder> settings) {
            predictors = Objects.requireNonNull(settings, "settings must not be null");
            return this;
        }

        /**
         * Sets the limits of the adapters of each head in memory.
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
