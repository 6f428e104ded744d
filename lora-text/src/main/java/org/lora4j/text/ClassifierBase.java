package org.lora4j.text;

import java.io.IOException;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;

/**
 * A model on which a classifier stands, with what makes tokens of texts.
 *
 * @param source the files of the model
 * @param model the model
 * @param encoder the folder of an encoder; null for a decoder, or without texts
 * @param tokens makes the tokens; null without texts
 */
record ClassifierBase(
        ModelSource source,
        PretrainedModel model,
        @Nullable EncoderFolder encoder,
        @Nullable TextTokens tokens) implements AutoCloseable {
    static ClassifierBase open(ModelSource source, OptionalInt maxTokens, BaseStorage storage) throws IOException {
        return open(source, maxTokens, storage, false);
    }

    /** Opens a model. A decoder that scores the answer yes takes longer texts. */
    static ClassifierBase open(ModelSource source, OptionalInt maxTokens, BaseStorage storage, boolean asksYesNo)
            throws IOException {
        ModelConfig config = ModelConfig.read(source);
        if (!config.isDecoder()) {
            EncoderFolder encoder = EncoderFolder.open(source, maxTokens, storage);
            return new ClassifierBase(source, encoder.model(), encoder, TextTokens.of(encoder.encoderTokens()));
        }
        PretrainedModel model = PretrainedModel.load(source, storage);
        return new ClassifierBase(
                source,
                model,
                null,
                asksYesNo
                        ? TextTokens.ofReranker(source, config, maxTokens)
                        : TextTokens.ofDecoder(source, config, maxTokens));
    }

    /** Opens a model of which only the weights are needed. It has no tokens. */
    static ClassifierBase openWithoutTexts(ModelSource source, BaseStorage storage) throws IOException {
        return new ClassifierBase(source, PretrainedModel.load(source, storage), null, null);
    }

    boolean isDecoder() {
        return model.config().isDecoder();
    }

    /** The module of the classifier, which trains in full. */
    String module() {
        return isDecoder() ? "score" : "classifier";
    }

    /** The head that suits the model: for a folder of sentence-transformers and for a BERT without a pooler the mean. */
    ClassifierHead head() throws IOException {
        return !isDecoder() && source.has("modules.json") ? ClassifierHead.MEAN : headOfPeft();
    }

    /** The head of an adapter of PEFT, which does not name it: that of Hugging Face's classes, if the model can have it. */
    ClassifierHead headOfPeft() {
        return ClassifierHead.ofPeft(model);
    }

    /**
     * Puts a new classifier on the model.
     *
     * @throws IllegalArgumentException if the model cannot have this head
     */
    Network create(ClassifierHead head, int classes, long seed) {
        if (isDecoder() && head == ClassifierHead.YES_NO) {
            if (classes != 1) {
                throw new IllegalArgumentException("head: YES_NO gives a pair of texts one score, found " + classes
                        + " classes; use the head LAST");
            }
            return requireTokens().answer(model);
        }
        if (isDecoder() && head != ClassifierHead.LAST) {
            throw new IllegalArgumentException("head: a decoder must have the head LAST, found " + head);
        }
        if (!isDecoder() && (head == ClassifierHead.LAST || head == ClassifierHead.YES_NO)) {
            throw new IllegalArgumentException(
                    "head: an encoder must have the head MEAN or POOLER, found " + head + ", which is for decoders");
        }
        if (head == ClassifierHead.MEAN) {
            return model.meanClassifier(classes, seed);
        }
        if (!model.canClassify()) {
            throw new IllegalArgumentException(
                    "head: the encoder must have a pooler for the head POOLER, found none; use the head MEAN");
        }
        return model.classifier(classes, seed);
    }

    TextTokens requireTokens() {
        if (tokens == null) {
            throw new IllegalStateException("the model must be opened with its tokenizer, found one without");
        }
        return tokens;
    }

    @Override
    public void close() {
        if (tokens != null) {
            tokens.close();
        }
    }
}
