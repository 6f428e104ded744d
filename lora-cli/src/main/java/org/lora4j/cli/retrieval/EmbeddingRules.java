package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.LoRAModel;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.tokens.Prompts;

/**
 * How texts are embedded, as far as the folder of the model does not say it.
 *
 * @param maxTokens where texts are cut; empty for where the folder says
 * @param dimensions the length of an embedding; empty for the whole one
 * @param prompts the prompts in place of those of the folder
 */
public record EmbeddingRules(OptionalInt maxTokens, OptionalInt dimensions, Prompts prompts) {
    /** The name of an adapter in its model. */
    static final String ADAPTER = "adapter";

    /**
     * A model for embeddings.
     *
     * @param encoder the folder
     * @param model the model, with the adapter if there is one
     */
    public record Opened(EncoderFolder encoder, LoRAModel model) implements AutoCloseable {
        /** Frees the tokenizer. */
        @Override
        public void close() {
            encoder.close();
        }
    }

    /**
     * Opens a model with these rules. Where they say nothing, those hold with which the adapter was trained.
     *
     * @param folder the folder of a model
     * @param adapter an adapter; null for the model alone
     * @param storage how the large matrices of the model are stored
     * @return the model
     * @throws IOException if a file cannot be read, or the adapter does not fit
     */
    public Opened open(Path folder, @Nullable SavedAdapter adapter, BaseStorage storage) throws IOException {
        EmbeddingRules rules = orThoseOf(adapter);
        EncoderFolder encoder = rules.encoder(folder, storage);
        try {
            LoRAModel model = LoRAModel.of(rules.network(encoder));
            if (adapter != null) {
                model.add(ADAPTER, adapter.adapter(model.network()));
            }
            return new Opened(encoder, model);
        } catch (IOException | RuntimeException e) {
            encoder.close();
            throw e;
        }
    }

    /**
     * Returns these rules, and those with which an adapter was trained where these say nothing.
     *
     * @param adapter the adapter; null for none
     */
    EmbeddingRules orThoseOf(@Nullable SavedAdapter adapter) {
        if (adapter == null) {
            return this;
        }
        return adapter.task()
                .filter(Embed.class::isInstance)
                .map(task -> ((Embed) task).with(settings()))
                .map(task -> new EmbeddingRules(task.maxTokens(), task.dimensions(), task.prompts()))
                .orElse(this);
    }

    /** What replaces what an adapter says. */
    public TaskSettings settings() {
        return new TaskSettings(maxTokens, dimensions, prompts);
    }

    /** Opens a folder. */
    EncoderFolder encoder(Path folder, BaseStorage storage) throws IOException {
        EncoderFolder encoder = EncoderFolder.open(ModelSource.of(folder), maxTokens, storage);
        return encoder.withPrompts(encoder.prompts().with(prompts));
    }

    /** The network for the embeddings of a model. */
    Network network(EncoderFolder encoder) {
        return encoder.sentenceEmbeddings(dimensions);
    }
}
