package org.lora4j.cli.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.Task;

/**
 * A model that is opened, with an adapter that was made for it or alone.
 *
 * @param model the folder of the model, or a GGUF file
 * @param adapter the adapter; null for the model alone
 * @param storage how the large matrices of the model are stored
 */
public record AdaptedModel(Path model, @Nullable SavedAdapter adapter, BaseStorage storage) {
    /**
     * Refuses an adapter with a classifier where the model has none.
     *
     * @param adapter the adapter; null for none
     * @param what what needs an adapter without one, for the message
     * @throws IOException if its files say that it classifies
     */
    public static void requireNoClassifier(@Nullable SavedAdapter adapter, String what) throws IOException {
        if (adapter == null) {
            return;
        }
        Task task = adapter.task().orElse(null);
        if (task != null && task.head() == Head.YES_NO) {
            // The score is an answer of the language model.
            return;
        }
        if (adapter.classifies()) {
            throw new IOException(adapter + ": " + what + " needs an adapter without a classifier, found one of '"
                    + (task instanceof Rerank ? "lora rerank" : task instanceof Tag ? "lora tag" : "lora classify")
                    + "'; use it with 'lora predict'");
        }
    }

    /**
     * Returns the model with the end that an adapter without a classifier needs: the sentence embeddings, or the last hidden state if
     * no files say how they are made; of a decoder whose adapter is for something else, the language model.
     *
     * @param model the model
     * @param adapter the adapter
     * @return the network
     */
    public static Network network(PretrainedModel model, LoRAAdapter adapter) {
        boolean embeds = !model.config().isDecoder()
                || "FEATURE_EXTRACTION".equals(adapter.config().hubFields().taskType());
        if (!embeds) {
            return model.causal();
        }
        return model.canEmbed() ? model.sentenceEmbeddings() : model.lastHiddenState();
    }

    /**
     * Returns whether an adapter is for tags, as its files say it.
     *
     * @param adapter the adapter
     * @return true for one of {@code lora tag}, and for one of PEFT's type {@code TOKEN_CLS}
     * @throws IOException if a file of it is refused
     */
    public static boolean tags(SavedAdapter adapter) throws IOException {
        return adapter.task(Embed.asTheModelSays())
                .filter(Tag.class::isInstance)
                .isPresent();
    }

    /**
     * Returns the model with a classifier of tokens.
     *
     * @param model the model
     * @return the network with its own classifier, or a new one in whose place an adapter puts its own
     */
    public static Network tagger(PretrainedModel model) {
        return model.hasTokenClassifier() ? model.tokenClassifier() : Head.TOKENS.network(model, 1, 0);
    }

    /**
     * Opens the model with the end that the adapter needs: the classifier if the adapter has one, or else what {@link #network}
     * says. It needs no tokenizer.
     *
     * @param model the folder of the model
     * @param saved the files of the adapter
     * @param adapter the adapter
     * @return the network
     * @throws IOException if a file cannot be read
     */
    public static Network networkFor(Path model, SavedAdapter saved, LoRAAdapter adapter) throws IOException {
        if (tags(saved)) {
            return tagger(PretrainedModel.load(model));
        }
        if (!TextClassifier.isClassifier(adapter)) {
            return network(PretrainedModel.load(model), adapter);
        }
        try (TextClassifier classifier = TextClassifier.openUntrained(model, saved, BaseStorage.of(Precision.FLOAT))) {
            return classifier.model().network();
        }
    }

    /**
     * Loads adapters on a decoder. The name of each is that of its folder; the first becomes active.
     *
     * @param decoder the model
     * @param adapters the adapters; none for the model alone
     * @return the model with them
     * @throws IOException if an adapter does not fit
     * @throws IllegalArgumentException if two folders have the same name
     */
    public static LoRAModel load(DecoderFolder decoder, List<SavedAdapter> adapters) throws IOException {
        LoRAModel model = LoRAModel.of(decoder.network());
        for (SavedAdapter adapter : adapters) {
            requireNoClassifier(adapter, "a language model");
            model.add(adapter.name(), adapter.adapter(decoder.network()));
        }
        return model;
    }
}
