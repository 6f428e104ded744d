package org.lora4j.cli.convert;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.Dtype;
import org.lora4j.io.FileAccess;
import org.lora4j.io.GgufAdapters;
import org.lora4j.io.GgufModel;
import org.lora4j.nn.transformer.Gpt2Config;
import org.lora4j.nn.transformer.LlamaConfig;
import org.lora4j.text.ModelKind;

/** Writes adapters of decoders as GGUF files, for llama.cpp and Ollama. */
public final class GgufExport {
    private static final int MOST_BYTES = 20_000_000;

    private GgufExport() {}

    /**
     * Writes an adapter.
     *
     * @param adapter the adapter
     * @param model the folder of its model, of which only {@code config.json} is read
     * @param precision {@link Dtype#F32} or {@link Dtype#F16}
     * @param file the file
     * @throws IOException if the model is no decoder, or a file cannot be read or written
     * @throws IllegalArgumentException if a GGUF file cannot hold the adapter
     */
    public static void write(LoRAAdapter adapter, Path model, Dtype precision, Path file) throws IOException {
        ModelKind kind = ModelKind.require(model, true, "a GGUF file");
        byte[] config = FileAccess.readAtMost(model.resolve("config.json"), MOST_BYTES);
        GgufAdapters.save(adapter, read(kind, new String(config, StandardCharsets.UTF_8)), precision, file);
    }

    private static GgufModel read(ModelKind kind, String config) {
        return kind == ModelKind.GPT2
                ? Gpt2Config.parse(config).ggufModel()
                : LlamaConfig.parse(config).ggufModel();
    }
}
