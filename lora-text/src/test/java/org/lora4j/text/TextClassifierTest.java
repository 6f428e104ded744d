package org.lora4j.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.data.Labels;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.tokens.Prompts;

/** Classifiers of texts on encoders and decoders, which are created, stored and opened again. */
class TextClassifierTest {
    private static final BaseStorage STORAGE = BaseStorage.of(Precision.FLOAT);
    private static final Labels LABELS = Labels.of(List.of("cats", "ships", "trees"));
    private static final List<String> TEXTS = List.of("a b", "b", "b a a");

    @TempDir
    private Path temp;

    private Path model;
    private Path adapter;

    @BeforeEach
    void folders() throws IOException {
        model = Files.createDirectory(temp.resolve("model"));
        adapter = temp.resolve("adapter");
    }

    private void write(String golden) throws IOException, URISyntaxException {
        Path source = Path.of(Objects.requireNonNull(getClass().getResource("/golden/" + golden))
                .toURI());
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.write(model.resolve(file), Files.readAllBytes(source.resolve(file)));
        }
        Files.writeString(model.resolve("tokenizer.json"), EncoderFolderTest.TOKENIZER);
    }

    private TextClassifier create(@Nullable Head head) throws IOException {
        return TextClassifier.create(model, LABELS, head, OptionalInt.of(8), 5, STORAGE);
    }

    /** Stores an adapter that changes the model, and returns what the classifier predicts with it. */
    private double[][] save(Head head) throws IOException {
        try (TextClassifier classifier = create(head)) {
            AdapterView view = classifier.addAdapter(LoRAConfig.of(2, 4));
            view.parameters().forEach(parameter -> parameter.value().addi(0.05));
            view.save(adapter);
            TaskFile.write(
                    new Classify(classifier.labels(), classifier.head(), OptionalInt.of(classifier.maxTokens())),
                    adapter);
            return classifier.probabilities(classifier.tokens(TEXTS));
        }
    }

    @ParameterizedTest
    @CsvSource({"encoder_forward, MEAN", "encoder_forward, POOLER", "decoder_llama, LAST", "decoder_gpt2, LAST"})
    void anAdapterIsOpenedAsItWasStored(String golden, Head head) throws Exception {
        write(golden);
        double[][] expected = save(head);
        assertThat(expected).hasDimensions(3, 3);
        for (double[] row : expected) {
            assertThat(Arrays.stream(row).sum()).isCloseTo(1, within(1e-12));
        }
        try (TextClassifier opened = TextClassifier.open(model, adapter, STORAGE)) {
            assertThat(opened.labels()).isEqualTo(LABELS);
            assertThat(opened.head()).isEqualTo(head);
            assertThat(opened.maxTokens()).isEqualTo(8);
            assertThat(opened.probabilities(opened.tokens(TEXTS))).isDeepEqualTo(expected);
            assertThat(TextClassifier.isClassifier(opened.adapter().adapter())).isTrue();
        }
        try (TextClassifier further = TextClassifier.goOn(
                model,
                SavedAdapter.read(adapter),
                Outputs.oneOf(LABELS),
                OptionalInt.of(5),
                BaseStorage.of(Precision.FLOAT))) {
            assertThat(further.maxTokens()).isEqualTo(5);
            assertThat(further.probabilities(further.tokens(TEXTS))).isDeepEqualTo(expected);
        }
        Files.delete(adapter.resolve(TaskFile.NAME));
        try (TextClassifier opened = TextClassifier.open(model, adapter, STORAGE)) {
            assertThat(opened.labels().names()).containsExactly("LABEL_0", "LABEL_1", "LABEL_2");
            assertThat(opened.head()).isEqualTo(head == Head.MEAN ? Head.POOLER : head);
        }
    }

    @ParameterizedTest
    @CsvSource({"encoder_forward, POOLER", "decoder_llama, LAST"})
    void aMergedClassifierNeedsNoAdapter(String golden, Head head) throws Exception {
        write(golden);
        double[][] expected = save(head);
        Path merged = temp.resolve("merged");
        try (TextClassifier classifier = TextClassifier.openWithoutTexts(model, SavedAdapter.read(adapter), STORAGE)) {
            classifier.saveMerged(merged);
            assertThatIllegalStateException()
                    .isThrownBy(() -> classifier.tokens(TEXTS))
                    .withMessage("the model must be opened with its tokenizer, found one without");
        }
        Files.copy(model.resolve("tokenizer.json"), merged.resolve("tokenizer.json"));
        try (TextClassifier opened = TextClassifier.open(merged, null, STORAGE)) {
            assertThat(opened.labels()).isEqualTo(LABELS);
            double[][] found = opened.probabilities(opened.tokens(TEXTS));
            for (int i = 0; i < found.length; i++) {
                assertThat(found[i]).containsExactly(expected[i], within(1e-5));
            }
        }
    }

    @Test
    void whatSuitsTheModelIsTheDefault() throws Exception {
        write("encoder_forward");
        try (TextClassifier classifier = create(null)) {
            assertThat(classifier.head()).isEqualTo(Head.POOLER);
            assertThat(classifier.encoder().model().hasPooler()).isTrue();
            assertThat(classifier.features().predict(classifier.tokens(TEXTS)).size(0))
                    .isEqualTo(3);
        }
        Files.writeString(model.resolve("modules.json"), "[]");
        try (TextClassifier classifier = create(null)) {
            assertThat(classifier.head()).isEqualTo(Head.MEAN);
        }
        write("decoder_llama");
        try (TextClassifier classifier = create(null)) {
            assertThat(classifier.head()).isEqualTo(Head.LAST);
            assertThatIllegalStateException().isThrownBy(classifier::encoder).withMessageEndingWith("found a decoder");
        }
    }

    /** Stores another adapter with labels of its own, and returns the values that it gives the texts alone. */
    private List<ClassScores> saveAs(String name, Labels labels, Head head, long seed) throws IOException {
        Path folder = temp.resolve(name);
        try (TextClassifier classifier = TextClassifier.create(model, labels, head, OptionalInt.of(8), seed, STORAGE)) {
            AdapterView view = classifier.addAdapter(LoRAConfig.of(2, 4));
            view.parameters().forEach(parameter -> parameter.value().addi(0.01 * seed));
            view.save(folder);
            Task task = labels.count() == 1 && head != Head.LAST
                    ? new Rerank(head, OptionalInt.of(8))
                    : new Classify(labels, head, OptionalInt.of(8));
            TaskFile.write(task, folder);
            return classifier.predictEach(
                    classifier.tokens(TEXTS), Collections.nCopies(TEXTS.size(), TextClassifier.ADAPTER));
        }
    }

    @ParameterizedTest
    @CsvSource({"encoder_forward, MEAN", "encoder_forward, POOLER", "distilbert_forward, POOLER", "decoder_llama, LAST"
    })
    void eachTextHasTheLabelsOfItsAdapter(String golden, Head head) throws Exception {
        write(golden);
        List<ClassScores> ofThree = saveAs("three", LABELS, head, 3);
        List<ClassScores> ofFive = saveAs("five", Labels.of(List.of("a", "b", "c", "d", "e")), head, 4);
        List<ClassScores> ofOne = saveAs("one", Labels.of(List.of("LABEL_0")), head, 5);
        try (TextClassifier classifier = TextClassifier.open(model, temp.resolve("three"), STORAGE)) {
            classifier.add("five", temp.resolve("five"));
            classifier.add("one", temp.resolve("one"));
            List<ClassScores> found =
                    classifier.predictEach(classifier.tokens(TEXTS), List.of("one", TextClassifier.ADAPTER, "five"));
            List<ClassScores> expected = List.of(ofOne.get(0), ofThree.get(1), ofFive.get(2));
            for (int i = 0; i < 3; i++) {
                assertThat(found.get(i).labels()).isEqualTo(expected.get(i).labels());
                assertThat(found.get(i).best()).isEqualTo(expected.get(i).best());
                for (int label = 0; label < found.get(i).values().size(); label++) {
                    assertThat(found.get(i).values().get(label))
                            .isCloseTo(expected.get(i).values().get(label), within(1e-5));
                }
            }
            List<ClassScores> ofOneText =
                    classifier.predictWithAll(TEXTS.get(1), List.of("five", TextClassifier.ADAPTER, "one"));
            List<ClassScores> alone = List.of(ofFive.get(1), ofThree.get(1), ofOne.get(1));
            for (int i = 0; i < 3; i++) {
                assertThat(ofOneText.get(i).labels()).isEqualTo(alone.get(i).labels());
                assertThat(ofOneText.get(i).values().get(0))
                        .isCloseTo(alone.get(i).values().get(0), within(1e-5));
            }
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> classifier.predictWithAll(classifier.tokens(TEXTS), List.of("one")))
                    .withMessage("there must be one text, found 3");
            // A softmax of one output would be 1, whatever it is.
            assertThat(found.get(0).values().get(0)).isGreaterThan(0).isLessThan(1);
            double[] scores = {found.get(0).values().get(0)};
            classifier.model().activate("one");
            assertThat(classifier.scores(classifier.tokens(List.of(TEXTS.get(0)))))
                    .containsExactly(scores, within(1e-5));
        }
    }

    /** The folder is replaced after it was read and before the model is opened, which can take long. */
    @Test
    void anAdapterHasTheLabelsAndTheWeightsOfTheMomentWhenItWasRead() throws Exception {
        write("encoder_forward");
        double[][] expected = save(Head.MEAN);
        SavedAdapter first = SavedAdapter.read(adapter);
        saveAs("adapter", Labels.of(List.of("a", "b", "c", "d", "e")), Head.POOLER, 5);
        try (TextClassifier opened = TextClassifier.openAdapted(model, first, STORAGE)) {
            assertThat(opened.labels()).isEqualTo(LABELS);
            assertThat(opened.head()).isEqualTo(Head.MEAN);
            assertThat(opened.probabilities(opened.tokens(TEXTS))).isDeepEqualTo(expected);
        }
        try (TextClassifier opened = TextClassifier.open(model, adapter, STORAGE)) {
            assertThat(opened.labels().count()).isEqualTo(5);
            assertThat(opened.head()).isEqualTo(Head.POOLER);
        }
        assertThat(first.classifies()).isTrue();
        assertThat(first.name()).isEqualTo("adapter");
    }

    @Test
    void anAdapterHasAnOutputForEachOfItsLabels() throws Exception {
        write("encoder_forward");
        save(Head.MEAN);
        TaskFile.write(new Classify(Labels.of(List.of("one", "two")), Head.MEAN, OptionalInt.of(8)), adapter);
        assertThatIOException()
                .isThrownBy(() -> TextClassifier.open(model, adapter, STORAGE))
                .withMessageEndingWith(
                        "adapter: the classifier must have an output for each of the 2 labels in task.json,"
                                + " [one, two], found 3");
        try (TextClassifier classifier = create(Head.MEAN)) {
            assertThatIOException()
                    .isThrownBy(() -> classifier.add("other", adapter))
                    .withMessageContaining("the classifier must have an output for each of the 2 labels");
            assertThat(classifier.model().names()).isEmpty();
        }
    }

    @Test
    void addsNoAdapterThatReadsOtherTokensOrVectors() throws Exception {
        write("encoder_forward");
        save(Head.MEAN);
        saveAs("pooler", LABELS, Head.POOLER, 1);
        TaskFile.write(new Classify(LABELS, Head.MEAN, OptionalInt.of(5)), temp.resolve("pooler"));
        try (TextClassifier classifier = TextClassifier.open(model, adapter, STORAGE)) {
            assertThatIOException()
                    .isThrownBy(() -> classifier.add("a", temp.resolve("pooler")))
                    .withMessageContaining("texts must be cut where the model cuts them, after 8 tokens, found 5");
            TaskFile.write(new Classify(LABELS, Head.POOLER, OptionalInt.of(8)), temp.resolve("pooler"));
            assertThatIOException()
                    .isThrownBy(() -> classifier.add("a", temp.resolve("pooler")))
                    .withMessageContaining("must read what that of the model reads, MEAN, found POOLER");
            Sequences texts = classifier.tokens(TEXTS);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> classifier.predictEach(texts, List.of("adapter", "adapter", LoRAModel.BASE)))
                    .withMessageStartingWith("the base must have a classifier of its own, found a new one");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> classifier.predictEach(texts, List.of("adapter", "other", "adapter")))
                    .withMessage("an adapter must have been added with its labels, found 'other'; there are [adapter]");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> classifier.predictEach(texts, List.of("adapter")))
                    .withMessage("there must be one adapter for each text, found 1 for 3");
        }
    }

    @Test
    void refusesWhatDoesNotFit() throws Exception {
        write("decoder_llama");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> create(Head.MEAN))
                .withMessage("head: a decoder must have the head LAST, found MEAN");
        assertThatIOException()
                .isThrownBy(() -> TextClassifier.open(model, null, STORAGE))
                .withMessageContaining("the model must have a classifier, found none");
        write("encoder_forward");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> create(Head.LAST))
                .withMessageStartingWith("head: an encoder must have the head MEAN or POOLER, found LAST");
        save(Head.MEAN);
        assertThatIOException()
                .isThrownBy(() -> TextClassifier.goOn(
                        model,
                        SavedAdapter.read(adapter),
                        Outputs.oneOf(Labels.of(List.of("one", "two"))),
                        OptionalInt.empty(),
                        STORAGE))
                .withMessageContaining("the adapter must have a classifier of 2 classes")
                .withMessageEndingWith("found 3");
        TaskFile.write(new Embed(OptionalInt.of(8), OptionalInt.empty(), Prompts.none()), adapter);
        assertThatIOException()
                .isThrownBy(() -> TextClassifier.open(model, adapter, STORAGE))
                .withMessageContaining("the adapter must have a classifier, found one of 'lora retrieve'");
        Files.writeString(adapter.resolve(TaskFile.NAME), "[");
        assertThatIOException()
                .isThrownBy(() -> TaskFile.read(adapter))
                .withMessageContaining("task.json: must be a file that 'lora classify'");
    }
}
