package org.lora4j.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.task.Head;

/**
 * A model on which a classifier stands.
 *
 * @param source its files
 * @param model its weights
 * @param texts the same with its tokenizer; null for work on the weights
 * @param maxTokens where texts are cut; empty for where its files say
 */
record ClassifierBase(
        ModelSource source, PretrainedModel model, @Nullable TextModel texts, OptionalInt maxTokens)
        implements AutoCloseable {
    static ClassifierBase open(ModelSource source, OptionalInt maxTokens, BaseStorage storage) throws IOException {
        TextModel texts = ModelConfig.read(source).isDecoder()
                ? TextModel.open(source, storage)
                : EncoderFolder.open(source, maxTokens, storage);
        return new ClassifierBase(source, texts.model(), texts, maxTokens);
    }

    /** Opens a model without its tokenizer, for work on the weights. */
    static ClassifierBase withoutTexts(Path folder, BaseStorage storage) throws IOException {
        ModelSource source = ModelSource.of(folder);
        return new ClassifierBase(source, PretrainedModel.load(source, storage), null, OptionalInt.empty());
    }

    boolean isDecoder() {
        return model.config().isDecoder();
    }

    TextModel requireTexts() {
        if (texts == null) {
            throw new IllegalStateException("the model must be opened with its tokenizer, found one without");
        }
        return texts;
    }

    /** Puts a new classifier on the model. */
    Network create(Head head, int classes, long seed) throws IOException {
        if (head != Head.YES_NO) {
            return head.network(model, classes, seed);
        }
        head.requireFits(model.config());
        if (classes != 1) {
            throw new IllegalArgumentException(
                    "head: YES_NO gives a pair of texts one score, found " + classes + " classes; use the head LAST");
        }
        return requireTexts().network(head);
    }

    @Override
    public void close() {
        if (texts != null) {
            texts.close();
        }
    }
}
