package org.lora4j.text;

import java.util.Objects;
import org.lora4j.nn.transformer.PretrainedModel;

/** What a classifier of texts reads. */
public enum ClassifierHead {
    /** The mean over the tokens. It suits encoders for sentence embeddings. Hugging Face's classes have no such head. */
    MEAN,
    /** The first token of an encoder, as Hugging Face's {@code BertForSequenceClassification} does. */
    POOLER,
    /** The last token of a decoder, as Hugging Face's {@code LlamaForSequenceClassification} does. */
    LAST,
    /**
     * How much likelier a decoder answers yes than no, as Qwen3-Reranker does. It has the prompt of the card of that model, and gives a
     * pair of texts a score without a trained classifier.
     */
    YES_NO;

    /**
     * Returns what the classifier of an adapter of PEFT reads, whose files do not say it.
     *
     * @param model the model that the adapter is for
     * @return what Hugging Face's class for the model reads; the mean for an encoder for which there is none
     */
    public static ClassifierHead ofPeft(PretrainedModel model) {
        Objects.requireNonNull(model, "model must not be null");
        return model.config().isDecoder() ? LAST : model.canClassify() ? POOLER : MEAN;
    }
}
