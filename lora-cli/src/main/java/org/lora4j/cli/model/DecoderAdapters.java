package org.lora4j.cli.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Network;
import org.lora4j.text.DecoderFolder;

/** Adapters on a decoder. */
public final class DecoderAdapters {
    private DecoderAdapters() {}

    /**
     * Loads adapters. The name of each is that of its folder; the first becomes active.
     *
     * @param decoder the model
     * @param adapters the folders of the adapters; none for the model alone
     * @return the model with them
     * @throws IOException if an adapter cannot be read or does not fit
     * @throws IllegalArgumentException if two folders have the same name
     */
    public static LoRAModel load(DecoderFolder decoder, List<Path> adapters) throws IOException {
        return load(decoder.network(), adapters);
    }

    /**
     * Loads adapters on a model without a tokenizer.
     *
     * @param network the language model
     * @param adapters as in {@link #load(DecoderFolder, List)}
     * @return the model with them
     * @throws IOException as {@link #load(DecoderFolder, List)}
     * @throws IllegalArgumentException as {@link #load(DecoderFolder, List)}
     */
    public static LoRAModel load(Network network, List<Path> adapters) throws IOException {
        LoRAModel model = LoRAModel.of(network);
        for (Path folder : adapters) {
            AdaptedModels.requireNoClassifier(folder, "a language model");
            model.load(String.valueOf(folder.toAbsolutePath().normalize().getFileName()), folder);
        }
        return model;
    }
}
