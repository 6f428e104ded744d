package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.UsedAdapter;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterReloader;
import org.lora4j.serve.AdapterSource;
import org.lora4j.serve.BatchingPredictor;
import org.lora4j.serve.Prediction;
import org.lora4j.serve.ServingStats;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextModel;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A model with a folder of adapters, ready for requests. */
public abstract class ServedModel implements AutoCloseable {
    private final TextModel opened;
    private final long baseSeconds;
    private final @Nullable AdapterFolder folder;
    private final Settings settings;
    private @Nullable AdapterCache cache;
    private @Nullable AdapterReloader reloader;

    /** What a model does for a text. */
    public enum Task {
        /** A decoder answers, an encoder embeds. */
        BY_MODEL,
        /** It gives a query and a document a score. */
        RERANK,
        /** It gives each class a probability. */
        CLASSIFY
    }

    /**
     * What is served.
     *
     * @param model the folder of the model
     * @param adapters the folder of the adapters; null for none, if the base is allowed
     * @param allowBase whether requests may use the model without an adapter
     * @param storage how the large matrices of the model are stored
     * @param task what the model does for a text
     * @param maxTokens where the texts of an encoder or a reranker are cut; empty for where the folder says
     * @param limits how much is served at the same time
     */
    public record Settings(
            Path model,
            @Nullable Path adapters,
            boolean allowBase,
            BaseStorage storage,
            Task task,
            OptionalInt maxTokens,
            ServeLimits limits) {}

    /**
     * Creates a model.
     *
     * @param opened the model, which {@link #close} closes
     */
    ServedModel(Settings settings, TextModel opened) throws IOException {
        this.settings = settings;
        this.opened = opened;
        baseSeconds = AdapterFolder.seconds(settings.model);
        folder = settings.adapters == null ? null : AdapterFolder.open(settings.adapters);
    }

    /**
     * Opens a model. Adapters are loaded when a request needs them.
     *
     * @param settings what is served
     * @return the model
     * @throws IOException if the model cannot be read, or there is no folder of adapters
     */
    public static ServedModel open(Settings settings) throws IOException {
        return watched(
                switch (settings.task) {
                    case RERANK -> ServedReranker.openReranker(settings);
                    case CLASSIFY -> ServedClassifier.openClassifier(settings);
                    case BY_MODEL ->
                        generates(settings.model)
                                ? ServedDecoder.openDecoder(settings)
                                : ServedEncoder.openEncoder(settings);
                });
    }

    /**
     * Returns whether a model answers: a decoder that is not for embeddings.
     *
     * @param model the folder of a model
     * @return false for an encoder
     * @throws IOException if the model cannot be read
     */
    public static boolean generates(Path model) throws IOException {
        return ModelConfig.read(model).isDecoder() && !EncoderFolder.embeds(ModelSource.of(model));
    }

    /** Serves a model that was opened. */
    @FunctionalInterface
    interface Serving<M extends TextModel> {
        ServedModel of(Settings settings, M opened) throws IOException;
    }

    /** Serves a model that was opened, which is closed if that fails. */
    static <M extends TextModel> ServedModel serve(Settings settings, M opened, Serving<M> serving) throws IOException {
        try {
            return serving.of(settings, opened);
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** Starts to look for adapters that were replaced. A model for which this fails is closed. */
    static ServedModel watched(ServedModel model) {
        try {
            model.watch();
            return model;
        } catch (RuntimeException | Error e) {
            model.close();
            throw e;
        }
    }

    /**
     * Returns what was computed.
     *
     * @throws ArithmeticException if a number is not finite. JSON has no such numbers
     */
    static INDArray output(Prediction prediction) {
        INDArray output = prediction.output();
        for (float value : output.ravel().toFloatVector()) {
            if (!Float.isFinite(value)) {
                UsedAdapter used = prediction.adapter();
                throw new ArithmeticException((used == null ? "the model" : "adapter " + MessageText.quote(used.name()))
                        + ": the output must be finite, found " + value
                        + "; the adapter or the model may hold numbers that are too large");
            }
        }
        return output;
    }

    /** Creates the cache of the adapters; null if there are none. */
    final @Nullable AdapterCache cache(LoRAModel model) {
        return folder == null ? null : cache(AdapterCache.builder(model, folder.path()));
    }

    private AdapterCache cache(AdapterCache.Builder builder) {
        cache = builder.maxAdapters(settings.limits.adapters())
                .maxBytes(settings.limits.adapterBytes())
                .build();
        return cache;
    }

    /** Creates what computes outputs in batches. */
    final BatchingPredictor predictor(LoRAModel model) {
        return predictor(model, cache(model));
    }

    /** Creates what computes outputs in batches, with adapters that a source reads. */
    final BatchingPredictor predictor(LoRAModel model, AdapterSource source) {
        return predictor(model, folder == null ? null : cache(AdapterCache.builder(model, source)));
    }

    private BatchingPredictor predictor(LoRAModel model, @Nullable AdapterCache adapters) {
        BatchingPredictor.Builder builder = BatchingPredictor.builder(model).allowBase(settings.allowBase);
        if (adapters != null) {
            builder.adapters(adapters);
        }
        if (settings.limits.waiting() > 0) {
            builder.maxWaitingRows(settings.limits.waiting());
        }
        if (settings.limits.running() > 0) {
            builder.maxBatchRows(settings.limits.running());
        }
        return builder.build();
    }

    /** The folders of the adapters that are there now. */
    final List<Path> adapterFolders() throws IOException {
        if (folder == null) {
            return List.of();
        }
        return folder.list().keySet().stream()
                .map(name -> folder.path().resolve(name))
                .toList();
    }

    private void watch() {
        if (cache != null && folder != null && !settings.limits.reload().isZero()) {
            reloader = AdapterReloader.start(cache, folder.path(), settings.limits.reload());
        }
    }

    final ServeLimits limits() {
        return settings.limits;
    }

    /**
     * Reads a body within the limit of how much text is turned into tokens at the same time, in a fair order.
     *
     * @throws org.lora4j.serve.ServingException if the time of the request is over
     */
    final <T> T limited(String adapter, TextBody body, Deadline deadline, Supplier<T> reading) {
        return opened.textLimiter().run(adapter, body.length(), deadline.options(), reading);
    }

    /** For how long the threads that read texts have done nothing although they should. */
    final Duration standstill() {
        return opened.textLimiter().standstill();
    }

    /**
     * Checks that a model is served now. An adapter whose files were deleted is not, even if it is still in memory.
     *
     * @throws ApiException if it is not
     */
    final void requireServed(String name) {
        boolean isBase = settings.allowBase && name.equals(opened.name());
        if (!isBase && (folder == null || !folder.has(name))) {
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
    public final Map<String, Long> names() throws IOException {
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
    final String adapter(String name) {
        return settings.allowBase && name.equals(opened.name()) ? LoRAModel.BASE : name;
    }

    /** What answers, by path. */
    abstract Map<String, Endpoint> endpoints();

    abstract ServingStats stats();

    /** Adds figures that only this kind of model has. */
    void addTo(ServerMetrics metrics) {}

    /** Ends what runs, so that its requests are answered at once. A batch is short, so it may end. */
    void cancelAll() {}

    /** Ends what the kind of model started. */
    abstract void closeModel();

    @Override
    public final void close() {
        if (reloader != null) {
            reloader.close();
        }
        closeModel();
        opened.close();
    }
}
