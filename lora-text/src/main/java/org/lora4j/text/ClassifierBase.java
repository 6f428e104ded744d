package org.lora4j.cli.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.Labels;
import org.lora4j.text.TokenizedText;
import org.lora4j.text.Tokenizer;

/** A folder with a model on which a classifier stands: an encoder or a decoder. */
interface ClassifierBase extends AutoCloseable {
    /** Decoders take long texts, which a classifier rarely needs. */
    int MOST_BY_DEFAULT = 512;

    String name();

    int maxTokens();

    Sequences tokens(List<String> texts);

    /** The module of the classifier, which trains in full. */
    String module();

    /** The head that suits the model. */
    Head head();

    /** The head of an adapter of PEFT, which does not name it: that of Hugging Face's classes, if the model can have it. */
    Head headOfPeft();

    Network create(Head head, int classes, long seed);

    /** The classifier of the file; null if there is none. */
    @Nullable
    Network own() throws IOException;

    Labels labels() throws IOException;

    /** The model as it is: a row for each text. */
    Network features();

    void save(Network merged, Path target) throws IOException;

    @Override
    void close();

    static ClassifierBase open(Path folder, OptionalInt maxTokens, BaseStorage storage) throws IOException {
        if (!ModelConfig.read(folder).isDecoder()) {
            EncoderFolder encoder = Encoders.open(folder, maxTokens, storage, "a classifier");
            return new OfEncoder(folder, encoder.model(), encoder);
        }
        DecoderFolder decoder = DecoderFolder.open(folder, storage);
        try {
            int most = Math.min(decoder.maxLength(), maxTokens.orElse(MOST_BY_DEFAULT));
            return new OfDecoder(folder, decoder.model(), decoder.tokenizer().withMaxTokens(most));
        } catch (IllegalArgumentException e) {
            decoder.close();
            throw e;
        }
    }

    /** Opens a model of which only the weights are needed. It has no tokens. */
    static ClassifierBase openWithoutTexts(Path folder, BaseStorage storage) throws IOException {
        return ModelConfig.read(folder).isDecoder()
                ? new OfDecoder(folder, PretrainedModel.load(folder, storage), null)
                : new OfEncoder(folder, PretrainedModel.load(folder, storage), null);
    }

    private static <T> T requireTexts(@Nullable T opened) {
        if (opened == null) {
            throw new IllegalStateException("the model must be opened with its tokenizer, found one without");
        }
        return opened;
    }

    /**
     * An encoder of the BERT family.
     *
     * @param texts makes tokens; null if only the weights are needed
     */
    record OfEncoder(
            Path path, PretrainedModel model, @Nullable EncoderFolder texts) implements ClassifierBase {
        EncoderFolder folder() {
            return requireTexts(texts);
        }

        @Override
        public String name() {
            return ModelSource.of(path).name();
        }

        @Override
        public int maxTokens() {
            return folder().tokenizer().maxTokens();
        }

        @Override
        public Sequences tokens(List<String> all) {
            return folder().tokens(all);
        }

        @Override
        public String module() {
            return "classifier";
        }

        @Override
        public Head head() {
            return Head.of(path, model);
        }

        @Override
        public Head headOfPeft() {
            return Head.ofPeft(model);
        }

        @Override
        public Network create(Head head, int classes, long seed) {
            return head.on(model, classes, seed);
        }

        @Override
        public @Nullable Network own() {
            return model.hasClassifier() ? model.classifier() : null;
        }

        @Override
        public Labels labels() throws IOException {
            return Labels.read(ModelSource.of(path));
        }

        @Override
        public Network features() {
            return model.meanPooled();
        }

        @Override
        public void save(Network merged, Path target) throws IOException {
            model.save(merged, target);
        }

        @Override
        public void close() {
            if (texts != null) {
                texts.close();
            }
        }
    }

    /**
     * A decoder, whose last token has seen all others.
     *
     * @param texts makes tokens; null if only the weights are needed
     */
    record OfDecoder(
            Path path, PretrainedModel model, @Nullable Tokenizer texts) implements ClassifierBase {
        @Override
        public String name() {
            return ModelSource.of(path).name();
        }

        @Override
        public int maxTokens() {
            return requireTexts(texts).maxTokens();
        }

        @Override
        public Sequences tokens(List<String> all) {
            return Sequences.of(requireTexts(texts).encode(all).stream()
                    .map(TokenizedText::ids)
                    .toArray(int[][]::new));
        }

        @Override
        public String module() {
            return "score";
        }

        @Override
        public Head head() {
            return Head.LAST;
        }

        @Override
        public Head headOfPeft() {
            return Head.LAST;
        }

        @Override
        public Network create(Head head, int classes, long seed) {
            if (head != Head.LAST) {
                throw new IllegalArgumentException("head: a decoder must have the head LAST, found " + head);
            }
            return model.classifier(classes, seed);
        }

        @Override
        public @Nullable Network own() {
            return model.hasClassifier() ? model.classifier() : null;
        }

        @Override
        public Labels labels() throws IOException {
            return Labels.read(ModelSource.of(path));
        }

        @Override
        public Network features() {
            return model.meanPooled();
        }

        @Override
        public void save(Network merged, Path target) throws IOException {
            model.save(merged, target);
        }

        @Override
        public void close() {
            if (texts != null) {
                texts.close();
            }
        }
    }
}
