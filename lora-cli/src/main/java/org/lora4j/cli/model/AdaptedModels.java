package org.lora4j.cli.model;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.AdapterTask;
import org.lora4j.text.TextClassifier;

/** The network of a model for which an adapter was made. */
public final class AdaptedModels {
    private AdaptedModels() {}

    /**
     * Refuses an adapter with a classifier where the model has none.
     *
     * @param folder the folder of the adapter; null for none
     * @param what what needs an adapter without one, for the message
     * @throws IOException if its files say that it classifies
     */
    public static void requireNoClassifier(@Nullable Path folder, String what) throws IOException {
        if (folder == null) {
            return;
        }
        AdapterTask.Kind task = AdapterTask.kindOf(folder).orElse(AdapterTask.Kind.RETRIEVE);
        if (task != AdapterTask.Kind.RETRIEVE) {
            throw new IOException(folder + ": " + what + " needs an adapter without a classifier, found one of '"
                    + (task == AdapterTask.Kind.RERANK ? "lora rerank" : "lora classify")
                    + "'; use it with 'lora predict'");
        }
    }

    /**
     * Opens the model with the end that the adapter needs: the language model of a decoder, or of an encoder the classifier if
     * the adapter has one, or else the last hidden state. It needs no tokenizer.
     *
     * @param model the folder of the model
     * @param folder the folder of the adapter
     * @param adapter the adapter
     * @return the network
     * @throws IOException if a file cannot be read
     */
    public static Network networkFor(Path model, Path folder, LoRAAdapter adapter) throws IOException {
        if (!TextClassifier.isClassifier(adapter)) {
            PretrainedModel loaded = PretrainedModel.load(model);
            return loaded.config().isDecoder() ? loaded.causal() : loaded.lastHiddenState();
        }
        try (TextClassifier classifier = TextClassifier.openUntrained(model, folder, BaseStorage.of(Precision.FLOAT))) {
            return classifier.model().network();
        }
    }
}
