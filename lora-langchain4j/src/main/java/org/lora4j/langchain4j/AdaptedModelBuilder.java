package org.lora4j.langchain4j;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.io.ReadOptions;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.serve.AdapterCache;
import org.lora4j.serve.AdapterSource;
import org.lora4j.text.Adapters;
import org.lora4j.text.TextModel;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskSettings;

/**
 * What the builders of all models have in common: the adapters, and which of them is the default.
 *
 * @param <B> the builder
 */
public abstract class AdaptedModelBuilder<B extends AdaptedModelBuilder<B>> {
    private final Map<String, Path> folders = new LinkedHashMap<>();
    private @Nullable Path onDemand;
    private @Nullable LoRAModel model;
    private @Nullable String modelName;

    BaseStorage storage = BaseStorage.of(Precision.FLOAT);

    AdaptedModelBuilder() {}

    abstract B self();

    /**
     * Loads an adapter when the model is built. This library or Python's PEFT wrote it.
     *
     * @param name its name, which requests give as {@code modelName}
     * @param folder its folder
     * @return this builder
     */
    public B adapter(String name, Path folder) {
        Objects.requireNonNull(name, "name must not be null");
        Objects.requireNonNull(folder, "folder must not be null");
        folders.put(name, folder);
        return self();
    }

    /**
     * Sets a folder with a sub-folder for each adapter. An adapter is loaded when the first request names it, and stays in memory
     * within the limits of {@link AdapterCache}. By default there is no such folder.
     *
     * @param folder the folder
     * @return this builder
     */
    public B adapters(Path folder) {
        onDemand = Objects.requireNonNull(folder, "folder must not be null");
        return self();
    }

    /**
     * Sets the model that computes, for one that exists already, or that has another head than the folder. By default it is created
     * from the folder.
     *
     * @param adapted a model of the same folder, with or without adapters
     * @return this builder
     */
    public B model(LoRAModel adapted) {
        model = Objects.requireNonNull(adapted, "adapted must not be null");
        return self();
    }

    /**
     * Sets what computes when a request names no model.
     *
     * @param name the name of an adapter, or the name of the model's folder for the model without adapters, which is the default
     * @return this builder
     */
    public B modelName(String name) {
        modelName = Objects.requireNonNull(name, "name must not be null");
        return self();
    }

    /**
     * Sets how the large matrices of the model are stored. It has no effect on a model that was opened before.
     *
     * @param precision for example {@code BaseStorage.of(Precision.INT8)}; single precision by default
     * @return this builder
     */
    public B storage(BaseStorage precision) {
        storage = Objects.requireNonNull(precision, "precision must not be null");
        return self();
    }

    /** Returns the given model, or one of the network of the folder. */
    final LoRAModel modelOr(Supplier<Network> ofFolder) {
        return model == null ? LoRAModel.of(ofFolder.get()) : model;
    }

    /** Whether adapters or a model are set, which an existing service has already. */
    final boolean hasAdapters() {
        return model != null || onDemand != null || !folders.isEmpty();
    }

    final @Nullable String defaultName() {
        return modelName;
    }

    /** The adapters with what they are for. */
    final Adapters adapters(TextModel opened, Task alone, TaskSettings asked) {
        return new Adapters(opened, onDemand, folders, alone, asked);
    }

    /** Loads the adapters for a head, or for the model that was given. */
    final @Nullable AdapterCache loadAdapters(LoRAModel into, Adapters adapters, Head head) throws IOException {
        AdapterSource source = model == null ? adapters.of(head, into.network()) : adapters.of(into.network());
        for (String name : folders.keySet()) {
            into.add(name, source.load(name, into.network(), ReadOptions.defaults()));
        }
        return onDemand == null ? null : AdapterCache.builder(into, source).build();
    }

    /** Loads the adapters, and names the model. */
    final ModelNames namedAdapters(String baseName, LoRAModel into, Adapters adapters, Head head) throws IOException {
        return new ModelNames(baseName, into, loadAdapters(into, adapters, head));
    }
}
