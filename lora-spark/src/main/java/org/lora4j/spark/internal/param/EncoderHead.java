package org.lora4j.spark.internal.param;

import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;

/** What an encoder ends with, by the names that the parameter takes. */
public enum EncoderHead implements Choice {
    CLASSIFIER,
    MEAN_CLASSIFIER,
    EMBEDDING;

    /** The module of a classifier on an encoder. */
    public static final String CLASSIFIER_MODULE = "classifier";

    /** The same for each stage, so that all have the same base. An adapter has the trained classifier. */
    private static final long SEED = 0;

    /**
     * Puts the head on an encoder.
     *
     * @param labels the number of classes of a new classifier; 0 for the classifier of the file
     */
    public Network network(PretrainedModel encoder, int labels) {
        if (this == EMBEDDING) {
            if (!encoder.poolsPrompt()) {
                throw new IllegalArgumentException(
                        "encoderHead 'embedding': include_prompt of the pooling must be true on"
                                + " Spark, whose tokens do not say which of them are a prompt, found false");
            }
            return encoder.sentenceEmbeddings();
        }
        if (this == CLASSIFIER && labels == 0 && encoder.hasClassifier()) {
            return encoder.classifier();
        }
        if (labels == 0) {
            throw new IllegalArgumentException("numLabels must be set if the encoder's file has no classifier for"
                    + " encoderHead '" + text() + "', found none; set the number of classes, or another head");
        }
        return this == CLASSIFIER ? encoder.classifier(labels, SEED) : encoder.meanClassifier(labels, SEED);
    }

    /** Returns the head of a name that the parameter has checked. */
    public static EncoderHead of(String text) {
        return Choice.of(EncoderHead.class, text);
    }
}
