package org.lora4j.spark.internal.param;

import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;

/** What an encoder or a decoder ends with, by the names that the parameter takes. */
public enum EncoderHead implements Choice {
    CLASSIFIER,
    MEAN_CLASSIFIER,
    EMBEDDING,
    YES_NO;

    /** The module of a classifier on an encoder. */
    public static final String CLASSIFIER_MODULE = "classifier";

    /** The module of a classifier on a decoder. */
    public static final String SCORE_MODULE = "score";

    /** The same for each stage, so that all have the same base. An adapter has the trained classifier. */
    private static final long SEED = 0;

    /** Whether a new classifier is one of the modules that train in full. */
    public boolean hasClassifier() {
        return this == CLASSIFIER || this == MEAN_CLASSIFIER;
    }

    /**
     * Puts the head on a model. That of yes and no needs the tokenizer of the model, and is made by its tokens.
     *
     * @param labels the number of classes of a new classifier; 0 for the classifier of the file
     * @param dimensions the length of an embedding; 0 for the whole one
     */
    public Network network(PretrainedModel model, int labels, int dimensions) {
        if (this == EMBEDDING) {
            return dimensions == 0 ? model.sentenceEmbeddings() : model.sentenceEmbeddings(dimensions);
        }
        if (this == CLASSIFIER && labels == 0 && model.hasClassifier()) {
            return model.classifier();
        }
        if (labels == 0) {
            throw new IllegalArgumentException("numLabels must be set if the encoder's file has no classifier for"
                    + " encoderHead '" + text() + "', found none; set the number of classes, or another head");
        }
        return this == CLASSIFIER ? model.classifier(labels, SEED) : model.meanClassifier(labels, SEED);
    }

    /** Returns the head of a name that the parameter has checked. */
    public static EncoderHead of(String text) {
        return Choice.of(EncoderHead.class, text);
    }
}
