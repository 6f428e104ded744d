package org.lora4j.text;

import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;

/**
 * A model on which a classifier stands, with what makes tokens of texts.
 *
 * @param source the files of the model
 * @param model the model
 * @param encoder makes the tokens of an encoder; null for a decoder, or without texts
 * @param tokenizer cuts texts; null without texts
 */
record ClassifierBase(
        ModelSource source,
        PretrainedModel model,
        @Nullable EncoderFolder encoder,
        @Nullable Tokenizer tokenizer) implements AutoCloseable {
    /** Decoders take long texts, which a classifier rarely needs. */
    private static final int MOST_BY_DEFAULT = 512;

    static ClassifierBase open(ModelSource source, OptionalInt maxTokens, BaseStorage storage) throws IOException {
        return open(source, maxTokens, storage, false);
    }

    /** Opens a model. A decoder that scores the answer yes takes longer texts. */
    static ClassifierBase open(ModelSource source, OptionalInt maxTokens, BaseStorage storage, boolean asksYesNo)
            throws IOException {
        if (!ModelConfig.read(source).isDecoder()) {
            EncoderFolder encoder = EncoderFolder.open(source, maxTokens, storage);
            return new ClassifierBase(source, encoder.model(), encoder, encoder.tokenizer());
        }
        DecoderFolder decoder = DecoderFolder.open(source, storage);
        int byDefault = asksYesNo ? RerankPrompt.MOST_TOKENS : MOST_BY_DEFAULT;
        int most = Math.min(decoder.maxLength(), maxTokens.orElse(byDefault));
        return new ClassifierBase(
                source, decoder.model(), null, decoder.tokenizer().limited(most));
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
        return isDecoder() ? ClassifierHead.LAST : model.canClassify() ? ClassifierHead.POOLER : ClassifierHead.MEAN;
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
            return new RerankPrompt(requireTokenizer()).answer(model);
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

    Sequences tokens(List<String> texts) {
        if (encoder != null) {
            return encoder.tokens(texts);
        }
        return Sequences.of(requireTokenizer().encode(texts).stream()
                .map(TokenizedText::ids)
                .toArray(int[][]::new));
    }

    /** The tokens of pairs; a decoder gets the prompt of a reranker. */
    Sequences pairs(List<TextPair> pairs) {
        return encoder != null ? encoder.pairs(pairs) : new RerankPrompt(requireTokenizer()).tokens(pairs);
    }

    Tokenizer requireTokenizer() {
        if (tokenizer == null) {
            throw new IllegalStateException("the model must be opened with its tokenizer, found one without");
        }
        return tokenizer;
    }

    @Override
    public void close() {
        if (tokenizer != null) {
            tokenizer.close();
        }
    }
}
