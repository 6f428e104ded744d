package org.lora4j.cli.model;

import java.nio.file.Files;
import java.nio.file.Path;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;

/** What a classifier reads of an encoder. */
public enum Head {
    /** The mean over the tokens. It suits encoders for sentence embeddings. Hugging Face's classes have no such head. */
    MEAN,
    /** The first token, as Hugging Face's {@code BertForSequenceClassification} does. */
    POOLER,
    /** The last token, as Hugging Face's classes for decoders do. */
    LAST;

    /**
     * Chooses the head that suits a model.
     *
     * @param folder its folder
     * @param model the model
     * @return {@link #MEAN} for a folder of sentence-transformers and for a BERT without a pooler
     */
    public static Head of(Path folder, PretrainedModel model) {
        boolean embeds = Files.exists(folder.resolve("modules.json"));
        return !embeds && model.canClassify() ? POOLER : MEAN;
    }

    /** The head of an adapter of PEFT: the classes of Hugging Face read the pooler; a model without one was given another head. */
    static Head ofPeft(PretrainedModel model) {
        return model.canClassify() ? POOLER : MEAN;
    }

    /**
     * Puts a new classifier on an encoder.
     *
     * @param model the encoder
     * @param classes the number of classes
     * @param seed the seed of the classifier
     * @return the network
     * @throws IllegalArgumentException if the encoder cannot have this head
     */
    public Network on(PretrainedModel model, int classes, long seed) {
        if (this == LAST) {
            throw new IllegalArgumentException(
                    "head: an encoder must have the head MEAN or POOLER, found LAST, which is for decoders");
        }
        if (this == MEAN) {
            return model.meanClassifier(classes, seed);
        }
        if (!model.canClassify()) {
            throw new IllegalArgumentException(
                    "head: the encoder must have a pooler for the head POOLER, found none; use the head MEAN");
        }
        return model.classifier(classes, seed);
    }
}
