package org.lora4j.cli.model;

import java.io.IOException;
import java.util.List;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Network;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.task.SavedAdapter;

/** Adapters on a decoder. */
public final class DecoderAdapters {
    private DecoderAdapters() {}

    /**
     * Loads adapters. The name of each is that of its folder; the first becomes active.
     *
     * @param decoder the model
     * @param adapters the adapters; none for the model alone
     * @return the model with them
     * @throws IOException if an adapter does not fit
     * @throws IllegalArgumentException if two folders have the same name
     */
    public static LoRAModel load(DecoderFolder decoder, List<SavedAdapter> adapters) throws IOException {
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
    public static LoRAModel load(Network network, List<SavedAdapter> adapters) throws IOException {
        LoRAModel model = LoRAModel.of(network);
        for (SavedAdapter adapter : adapters) {
            AdaptedModels.requireNoClassifier(adapter, "a language model");
            model.add(adapter.name(), adapter.adapter(network));
        }
        return model;
    }
}
