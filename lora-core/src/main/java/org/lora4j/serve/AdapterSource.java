package org.lora4j.serve;

import java.io.IOException;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFiles;

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
}
