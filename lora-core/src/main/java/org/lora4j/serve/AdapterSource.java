package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFiles;
import org.lora4j.nn.Network;

/**
 * Where an {@link AdapterCache} reads adapters: a database, an object store, a file system of a cluster. {@link PeftFiles}
 * reads the content of the two files.
 *
 * <pre>{@code
 * AdapterSource adapters = (name, base, options) -> {
 *     byte[] config = read("adapters/" + name + "/adapter_config.json");
 *     byte[] tensors = read("adapters/" + name + "/adapter_model.safetensors");
 *     return PeftFiles.read(config, tensors, options).adapter(base);
 * };
 * }</pre>
 *
 * <p>Several threads can call it at the same time, for different names.
 */
@FunctionalInterface
public interface AdapterSource {
    /**
     * Returns a source that reads a folder with a sub-folder for each adapter, as {@link AdapterCache#builder(LoRAModel, Path)}
     * does. A source that reads more than an adapter can use it.
     *
     * @param folder the folder
     * @return a source. It throws an IllegalArgumentException if there is no sub-folder of exactly this name
     */
    static AdapterSource of(Path folder) {
        return new FolderSource(Objects.requireNonNull(folder, "folder must not be null"));
    }

    /**
     * Reads an adapter.
     *
     * @param name its name, which is that of a folder on each usual file system, so never a path
     * @param base the model to be adapted
     * @param options what to do if the adapter was saved with another base, and how much is read
     * @return the adapter, in the type of the base
     * @throws IOException if it cannot be read, is refused or does not fit the base
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException;

    /**
     * Reads an adapter of a model whose adapters may have other ends than the model: a service has one model, one cache and common batches
     * for embeddings, classifiers and scores of one transformer. By default the adapter is one for the model itself, as {@link #load}
     * reads it.
     *
     * @param name its name
     * @param base the network of the model
     * @param options as in {@link #load}
     * @return the adapter, and the network that it is for
     * @throws IOException as {@link #load}
     * @throws IllegalArgumentException if there is no adapter of this name
     */
    default Loaded read(String name, Network base, ReadOptions options) throws IOException {
        LoRAAdapter adapter = load(name, base, options);
        if (adapter == null) {
            throw new IllegalStateException(
                    "the source must return the adapter, or throw an exception if there is none, found null from "
                            + this);
        }
        return new Loaded(adapter, base);
    }

    /**
     * An adapter that was read.
     *
     * @param adapter the adapter
     * @param network what it is for: the network of the model, or another one of the same {@link
     *     org.lora4j.nn.transformer.PretrainedModel}, always the same object for adapters of one kind
     */
    record Loaded(LoRAAdapter adapter, Network network) {
        /**
         * Checks that nothing is missing.
         *
         * @param adapter the adapter
         * @param network what it is for
         */
        public Loaded {
            Objects.requireNonNull(adapter, "adapter must not be null");
            Objects.requireNonNull(network, "network must not be null");
        }
    }
}
