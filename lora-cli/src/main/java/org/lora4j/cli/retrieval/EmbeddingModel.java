package org.lora4j.cli.retrieval;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.train.TrainableEmbed;

/**
 * A model for embeddings.
 *
 * @param encoder its folder
 * @param task where texts are cut, how long embeddings are, and the prompts
 * @param network the model, with embeddings of that length
 */
record EmbeddingModel(EncoderFolder encoder, Embed task, Network network) implements AutoCloseable {
    /**
     * Opens a model.
     *
     * @param files the model, and an adapter whose task holds
     * @param asked what replaces what the model and the adapter say
     * @throws IOException if a file cannot be read
     */
    static EmbeddingModel open(AdaptedModel files, TaskSettings asked) throws IOException {
        Embed task = taskOf(files.adapter()).with(asked);
        EncoderFolder encoder = EncoderFolder.open(ModelSource.of(files.model()), task.maxTokens(), files.storage());
        try {
            return new EmbeddingModel(encoder, task, encoder.sentenceEmbeddings(task.dimensions()));
        } catch (RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    private static Embed taskOf(@Nullable SavedAdapter adapter) {
        return adapter != null && adapter.task().orElse(null) instanceof Embed embed ? embed : Embed.asTheModelSays();
    }

    /** Returns what trains and measures adapters. */
    TrainableEmbed trainable(boolean triples, double scale) {
        return triples
                ? TrainableEmbed.ofTriples(task, encoder.textTokens(), network, encoder.similarity(), scale)
                : TrainableEmbed.ofPairs(task, encoder.textTokens(), network, encoder.similarity(), scale);
    }

    /** Returns what measures adapters. */
    TrainableEmbed measuring() {
        return trainable(false, TrainableEmbed.SCALE);
    }

    /**
     * Returns the model with an adapter, or alone.
     *
     * @throws IOException if the adapter does not fit
     */
    LoRAModel with(@Nullable SavedAdapter adapter) throws IOException {
        LoRAModel model = LoRAModel.of(network);
        if (adapter != null) {
            model.add(TextClassifier.ADAPTER, adapter.adapter(network));
        }
        return model;
    }

    /** Frees the tokenizer. */
    @Override
    public void close() {
        encoder.close();
    }
}
