package org.lora4j.cli.model;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.Labels;
import org.lora4j.text.ModelKind;

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
        if (!ModelKind.of(folder).isDecoder()) {
            return new OfEncoder(folder, Encoders.open(folder, maxTokens, storage, "a classifier"));
        }
        DecoderFolder decoder = DecoderFolder.open(folder, storage);
        int most = Math.min(decoder.maxLength(), maxTokens.orElse(MOST_BY_DEFAULT));
        return new OfDecoder(folder, decoder, most);
    }

    /** An encoder of the BERT family. */
    record OfEncoder(Path path, EncoderFolder folder) implements ClassifierBase {
        @Override
        public String name() {
            return folder.name();
        }

        @Override
        public int maxTokens() {
            return folder.tokenizer().maxTokens();
        }

        @Override
        public Sequences tokens(List<String> texts) {
            return folder.tokens(texts);
        }

        @Override
        public String module() {
            return "classifier";
        }

        @Override
        public Head head() {
            return Head.of(path, folder.model());
        }

        @Override
        public Head headOfPeft() {
            return Head.ofPeft(folder.model());
        }

        @Override
        public Network create(Head head, int classes, long seed) {
            return head.on(folder.model(), classes, seed);
        }

        @Override
        public @Nullable Network own() {
            return folder.model().hasClassifier() ? folder.model().classifier() : null;
        }

        @Override
        public Labels labels() {
            return folder.labels();
        }

        @Override
        public Network features() {
            return folder.model().meanPooled();
        }

        @Override
        public void save(Network merged, Path target) throws IOException {
            folder.model().save(merged, target);
        }

        @Override
        public void close() {
            folder.close();
        }
    }

    /** A decoder, whose last token has seen all others. */
    record OfDecoder(Path path, DecoderFolder folder, int maxTokens) implements ClassifierBase {
        @Override
        public String name() {
            return folder.name();
        }

        @Override
        public Sequences tokens(List<String> texts) {
            int[][] ids = new int[texts.size()][];
            for (int i = 0; i < ids.length; i++) {
                int[] all = folder.tokenizer().encode(texts.get(i)).ids();
                ids[i] = Arrays.copyOf(all, Math.min(all.length, maxTokens));
            }
            return Sequences.of(ids);
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
            return folder.classifier(classes, seed);
        }

        @Override
        public @Nullable Network own() {
            return folder.ownClassifier().orElse(null);
        }

        @Override
        public Labels labels() throws IOException {
            return Labels.parse(JsonFile.read(path.resolve("config.json")).toString());
        }

        @Override
        public Network features() {
            List<Layer> layers = new ArrayList<>(folder.lastHiddenState().layers());
            layers.add(new Pooling("mean", Pooling.Method.MEAN));
            return new Network(layers);
        }

        @Override
        public void save(Network merged, Path target) throws IOException {
            folder.save(merged, target);
        }

        @Override
        public void close() {
            folder.close();
        }
    }
}
