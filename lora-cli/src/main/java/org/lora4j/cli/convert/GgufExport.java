package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.gguf.GgufAdapters;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.nn.transformer.ModelConfig;

/** Writes adapters of decoders as GGUF files, for llama.cpp and Ollama. */
public final class GgufExport {
    private GgufExport() {}

    /**
     * Writes an adapter.
     *
     * @param adapter the adapter
     * @param model the folder of its model, of which only {@code config.json} is read
     * @param precision {@link Dtype#F32} or {@link Dtype#F16}
     * @param file the file
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if the model is no decoder, or a GGUF file cannot hold the adapter
     */
    public static void write(LoRAAdapter adapter, Path model, Dtype precision, Path file) throws IOException {
        GgufAdapters.save(adapter, ModelConfig.read(model).ggufModel(), precision, file);
    }
}
