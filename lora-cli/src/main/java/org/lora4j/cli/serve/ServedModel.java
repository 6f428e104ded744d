package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.ServingException;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.TextCall;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.data.Labels;
import org.lora4j.text.job.JobLimits;
import org.lora4j.text.job.TrainingService;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Generate;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.ModelTask;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskSettings;

/** A model with a folder of adapters, ready for requests. Each adapter says which of them it answers. */
public final class ServedModel implements AutoCloseable {
    private final TextModel opened;
    private final long baseSeconds;
    private final @Nullable AdapterFolder folder;
    private final Settings settings;
    private final TextService texts;
    private final ConcurrencyLimit places;

    /** What generates text; null for a model that cannot. */
    private final @Nullable ServedDecoder decoder;

    /** What adapters do that do not say it. */
    public enum Unsaid {
        /** As the model without an adapter: a decoder answers, an encoder embeds or has a classifier. */
        AS_THE_MODEL,
        /** They give a query and a document a score. */
        RERANK,
        /** They give each class a probability. */
        CLASSIFY
    }

    /**
     * What is served.
     *
     * @param model the folder of the model
     * @param adapters the folder of the adapters; null for none, if the base is allowed
     * @param allowBase whether requests may use the model without an adapter
     * @param storage how the large matrices of the model are stored
     * @param unsaid what the model does alone, and adapters that do not say it
     * @param maxTokens where texts are cut that are embedded, classified or ranked; empty for where the files say
     * @param limits how much is served at the same time
     */
    public record Settings(
            Path model,
            @Nullable Path adapters,
            boolean allowBase,
            BaseStorage storage,
            Unsaid unsaid,
            OptionalInt maxTokens,
            ServeLimits limits) {}

    private ServedModel(Settings settings, TextModel opened) throws IOException {
        this.settings = settings;
        this.opened = opened;
        baseSeconds = AdapterFolder.seconds(settings.model);
        places = new ConcurrencyLimit(settings.limits.requests());
        folder = settings.adapters == null ? null : AdapterFolder.open(settings.adapters);
        TextService.Builder builder = TextService.builder(opened)
                .alone(alone(settings, opened))
                .allowBase(settings.allowBase)
                .settings(TaskSettings.ofMaxTokens(settings.maxTokens))
                .reload(settings.limits.reload())
                .predictors(this::limit)
                .caches(this::limit);
        if (folder != null) {
            builder.adapters(folder.path());
        }
        texts = builder.build();
        boolean generates = opened.model().canGenerate() && settings.unsaid != Unsaid.CLASSIFY;
        decoder = generates && opened instanceof DecoderFolder of ? new ServedDecoder(this, of, texts) : null;
    }

    /**
     * Opens a model. Adapters are loaded when a request needs them.
     *
     * @param settings what is served
     * @return the model
     * @throws IOException if the model cannot be read, or there is no folder of adapters
     * @throws IllegalArgumentException if the model cannot be served alone
     */
    public static ServedModel open(Settings settings) throws IOException {
        TextModel opened = TextModel.open(ModelSource.of(settings.model), settings.storage);
        try {
            return new ServedModel(settings, opened);
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private static Task alone(Settings settings, TextModel opened) throws IOException {
        Task own = opened.task();
        Head head = own.head().classifiesTexts() ? own.head() : Head.ofPeft(opened.model());
        return switch (settings.unsaid) {
            case AS_THE_MODEL -> own;
            case CLASSIFY ->
                own instanceof Classify
                        ? own
                        : new Classify(
                                own instanceof Rerank
                                        ? Outputs.read(ModelSource.of(settings.model), 1)
                                        : Outputs.oneOf(Labels.numbered(1)),
                                head,
                                OptionalInt.empty());
            case RERANK -> {
                if (own instanceof Classify classes && settings.allowBase) {
                    throw new IllegalArgumentException(
                            settings.model + ": the model must have a classifier of one output for scores, found "
                                    + classes.labels().count() + " outputs; use --classify for the classes");
                }
                yield new Rerank(opened.model().config().isDecoder() ? Head.YES_NO : head, OptionalInt.empty());
            }
        };
    }

    /**
     * Returns whether a model answers: a decoder that is not for embeddings.
     *
     * @param model the folder of a model
     * @return false for an encoder
     * @throws IOException if the model cannot be read
     */
    public static boolean generates(Path model) throws IOException {
        return ModelTask.of(ModelSource.of(model)) instanceof Generate;
    }

    private void limit(AdapterCache.Builder builder) {
        builder.maxAdapters(settings.limits.adapters()).maxBytes(settings.limits.adapterBytes());
    }

    private void limit(BatchingPredictor.Builder builder) {
        if (settings.limits.waiting() > 0) {
            builder.maxWaitingRows(settings.limits.waiting());
        }
        if (settings.limits.running() > 0) {
            builder.maxBatchRows(settings.limits.running());
        }
    }

    Settings settings() {
        return settings;
    }

    ServeLimits limits() {
        return settings.limits;
    }

    /**
     * Reads a body within the limit of how much text is turned into tokens at the same time, in a fair order.
     *
     * @throws ServingException if the time of the request is over
     */
    <T> T limited(String adapter, TextBody body, Deadline deadline, Supplier<T> reading) {
        return opened.textLimiter().run(adapter, body.length(), deadline.options(), reading);
    }

    /** For how long the threads that read texts have done nothing although they should. */
    Duration standstill() {
        return opened.textLimiter().standstill();
    }

    /**
     * Checks that a model is served now. An adapter whose files were deleted is not, even if it is still in memory.
     *
     * @throws ApiException if it is not
     */
    void requireServed(String name) {
        boolean isBase = settings.allowBase && name.equals(opened.name());
        if (!isBase && (folder == null || !folder.has(FineTunedName.adapter(name)))) {
            throw ApiException.unknownModel(name);
        }
    }

    /**
     * Returns the names that a request can give as its model.
     *
     * @return the adapters that are in the folder now, and the name of the model if it is served alone; for each when it was
     *     changed, in seconds since 1970
     * @throws IOException if the folder cannot be read
     */
    public Map<String, Long> names() throws IOException {
        Map<String, Long> names = new TreeMap<>();
        if (folder != null) {
            names.putAll(folder.list());
        }
        if (settings.allowBase) {
            names.put(opened.name(), baseSeconds);
        }
        return names;
    }

    /** Returns the adapter of a name that a request gives as its model. */
    String adapter(String name) {
        return settings.allowBase && name.equals(opened.name()) ? LoRAModel.BASE : FineTunedName.adapter(name);
    }

    /** The name of the model alone. */
    String name() {
        return opened.name();
    }

    /** How many requests are answered at the same time. */
    ConcurrencyLimit places() {
        return places;
    }

    /** Whether an adapter is in memory. */
    boolean isLoaded(String adapter) {
        return texts.cache().filter(cache -> cache.isLoaded(adapter)).isPresent();
    }

    /**
     * Loads an adapter.
     *
     * @throws ServingException if it cannot be loaded
     */
    void load(String adapter) {
        Object unused = texts.task(adapter);
        texts.cache().ifPresent(cache -> cache.pin(adapter).close());
    }

    /** Takes an adapter out of the memory, so that the next request reads it again. */
    void refresh(String adapter) {
        texts.refresh(adapter);
    }

    /**
     * Starts what trains adapters of this model, which are served from then on.
     *
     * @param jobs the folder of the jobs
     * @throws IOException if the folder cannot be used
     */
    TrainingService trainings(Path jobs, TrainLimits limits) throws IOException {
        JobLimits most = JobLimits.DEFAULT;
        TrainingService.Builder builder = TrainingService.builder(opened, jobs)
                .serving(() -> places.taken() > 0)
                .share(limits.share())
                .limits(new JobLimits(limits.jobs(), most.jobs(), most.bytes(), limits.tokens()));
        limits.atOnce().ifPresent(builder::atOnce);
        if (folder != null) {
            builder.adapters(folder.path(), texts::refresh);
        }
        return builder.build();
    }

    /** The most numbers of an embedding. */
    int embeddingSize() {
        return opened.embeddingSize();
    }

    /** What a name does; null if its files cannot be read now. */
    @Nullable
    TaskFacts facts(String name) {
        try {
            return TaskFacts.of(texts.task(adapter(name)), opened);
        } catch (ServingException e) {
            return null;
        }
    }

    /**
     * Prepares a request to an adapter.
     *
     * @throws ApiException if the adapter is for another task
     * @throws ServingException if it cannot be read now
     */
    <Q, R, T extends RowTask<Q, R>> TextCall<Q, R> call(Class<T> kind, String model) {
        String adapter = adapter(model);
        TaskFacts.require(kind, model, texts.task(adapter));
        return texts.call(kind, adapter);
    }

    /** Returns whether an adapter classifies pairs of texts. */
    boolean classifiesPairs(String model) {
        return texts.task(adapter(model)) instanceof ClassifyPairs;
    }

    /**
     * Checks that an adapter generates text.
     *
     * @throws ApiException if it is for another task
     */
    void requireGenerates(String model) {
        TaskFacts.require(Generate.class, model, texts.task(adapter(model)));
    }

    /** What generates text; null for a model that cannot. */
    @Nullable
    ServedDecoder decoder() {
        return decoder;
    }

    ServingStats stats() {
        return texts.stats();
    }

    /** Adds figures that only this model has. */
    void addTo(ServerMetrics metrics) {
        if (decoder != null) {
            decoder.addTo(metrics);
        }
    }

    /** Ends what runs, so that its requests are answered at once. A batch is short, so it may end. */
    void cancelAll() {
        if (decoder != null) {
            decoder.cancelAll();
        }
    }

    @Override
    public void close() {
        if (decoder != null) {
            decoder.close();
        }
        texts.close();
        opened.close();
    }
}
