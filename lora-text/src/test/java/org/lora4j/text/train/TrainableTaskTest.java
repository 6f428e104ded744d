package org.lora4j.text.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.fixtures.SmallReranker;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextModel;
import org.lora4j.text.chat.LearnedText;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.PreferenceExample;
import org.lora4j.text.data.RetrievalExample;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TextLabels;
import org.lora4j.text.data.TextNumber;
import org.lora4j.text.data.TextSpan;
import org.lora4j.text.data.TokenExample;
import org.lora4j.text.metrics.Perplexity;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Tag;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.tokens.TagScheme;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.PreferenceLoss;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.lora4j.train.ValidationResult;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Each task trains a small model, its loss goes down, and its measure sees what was learned. */
class TrainableTaskTest {
    private static final BaseStorage STORAGE = BaseStorage.of(Precision.FLOAT);
    private static final int STEPS = 60;

    @TempDir
    private static Path temp;

    private static Path encoder;
    private static Path decoder;

    @BeforeAll
    static void write() throws IOException {
        encoder = CompleteEncoder.write(temp.resolve("encoder")).folder();
        decoder = SmallReranker.write(temp.resolve("decoder"));
    }

    private static AdapterView adapter(TrainableTask<?, ?> task) {
        return LoRAModel.of(task.network())
                .add(
                        "adapter",
                        task.config(
                                LoRAConfig.builder().rank(4).alpha(8).seed(1).build()));
    }

    /** Trains with all examples as one batch. The loss of the last step and that of the validation are clearly lower. */
    private static <E> void train(TrainableTask<E, ?> task, AdapterView adapter, List<E> examples) {
        List<Batch> batches = List.of(task.batch(examples));
        List<Double> losses = new ArrayList<>();
        List<Double> validations = new ArrayList<>();
        trainer(task, adapter)
                .epochs(STEPS)
                .validation(task.validation(batches))
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        losses.add(iteration.loss());
                    }

                    @Override
                    public void onValidation(ValidationResult result) {
                        validations.add(result.value());
                    }
                })
                .build()
                .fit(batches);
        assertThat(losses).hasSize(STEPS);
        assertThat(losses.get(STEPS - 1)).isLessThan(0.8 * losses.get(0));
        assertThat(validations.get(STEPS - 1)).isLessThan(0.9 * validations.get(0));
    }

    private static Trainer.Builder trainer(TrainableTask<?, ?> task, AdapterView adapter) {
        return Trainer.builder(adapter).loss(task.loss()).updater(new AdamW(0.02, 0));
    }

    /** Saves the adapter with its task, as a program does, and reads the task again. */
    private static @Nullable Task saved(TrainableTask<?, ?> task, AdapterView adapter, Path model) throws IOException {
        Path folder = temp.resolve(task.getClass().getSimpleName());
        adapter.save(folder);
        TaskFile.write(task.task(), folder);
        return SavedAdapter.read(folder, model).task().orElse(null);
    }

    @Test
    void classesAreLearned() throws IOException {
        List<LabelledText> texts = List.of(
                new LabelledText("parcel parcel", "a"),
                new LabelledText("my parcel", "a"),
                new LabelledText("where is", "b"),
                new LabelledText("where where", "b"));
        try (TextClassifier opened = TextClassifier.create(
                encoder, Labels.of(List.of("a", "b")), Head.MEAN, OptionalInt.of(7), 3, STORAGE)) {
            TrainableClassify task = opened.trainableClasses();
            AdapterView adapter = adapter(task);
            train(task, adapter, texts);
            ClassifiedTexts measured = task.measure(adapter, texts);
            assertThat(measured.right()).containsExactly(1.0, 1.0, 1.0, 1.0);
            assertThat(measured.classification().accuracy()).isEqualTo(1);
            assertThat(measured.withPredictions(List.of(1, 0, 1, 0)).right()).containsExactly(0.0, 1.0, 1.0, 0.0);
            assertThat(saved(task, adapter, encoder)).isEqualTo(task.task());
            assertThat(task.task().maxTokens()).hasValue(7);
        }
    }

    /** Each threshold is chosen on texts that do not train, and written with the adapter. */
    @ParameterizedTest
    @EnumSource(
            value = Head.class,
            names = {"MEAN", "POOLER", "LAST"})
    void anyNumberOfLabelsIsLearned(Head head) throws IOException {
        List<TextLabels> texts = List.of(
                new TextLabels("parcel parcel where", List.of("a", "b")),
                new TextLabels("my parcel", List.of("a")),
                new TextLabels("where is where", List.of("b")),
                new TextLabels("never never", List.of()));
        Path folder = head == Head.LAST ? decoder : encoder;
        Outputs outputs = Outputs.anyOf(Labels.of(List.of("a", "b")));
        try (TextClassifier opened = TextClassifier.create(folder, outputs, head, OptionalInt.of(7), 3, STORAGE)) {
            TrainableLabels task = opened.trainableLabels();
            AdapterView adapter = adapter(task);
            HeadProbe<TextLabels> probe = HeadProbe.fit(task, texts);
            probe.start().writeTo(adapter);
            requireSame(task.measure(probe.start().network(), texts), task.measure(adapter, texts));
            train(task, adapter, texts);
            LabelledScores measured = task.measure(adapter, texts);
            assertThat(measured.metrics().exactMatch()).isEqualTo(1);
            assertThat(measured.actual().get(2)).containsExactly(false, true);
            task.useThresholds(List.of(0.25, 0.75));
            assertThat(task.task().classifierOutputs().orElseThrow().thresholds())
                    .containsExactly(0.25, 0.75);
            assertThat(saved(task, adapter, folder)).isEqualTo(task.task());
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> task.measure(adapter, List.of(new TextLabels("my", List.of("c")))))
                    .withMessage("labels: a label must be one of [a, b], found 'c'");
            assertThatIllegalArgumentException()
                    .isThrownBy(opened::trainableClasses)
                    .withMessage("problem_type of the task must be single_label_classification, found"
                            + " multi_label_classification");
        }
    }

    private static void requireSame(LabelledScores one, LabelledScores other) {
        for (int i = 0; i < one.scores().size(); i++) {
            for (int j = 0; j < one.scores().get(i).size(); j++) {
                assertThat(other.scores().get(i).get(j))
                        .isCloseTo(one.scores().get(i).get(j), within(1e-4));
            }
        }
    }

    @Test
    void labelsCanCountDifferently() throws IOException {
        try (TextClassifier opened = TextClassifier.create(
                encoder, Outputs.anyOf(Labels.of(List.of("a", "b"))), Head.MEAN, OptionalInt.empty(), 3, STORAGE)) {
            TrainableLabels task = opened.trainableLabels();
            List<TextLabels> both = List.of(new TextLabels("parcel", List.of("a", "b")));
            double first = firstLoss(task, adapter(task), both);
            TrainableLabels weighted = task.withPositiveWeights(3, 3);
            assertThat(firstLoss(weighted, adapter(weighted), both)).isCloseTo(3 * first, within(1e-5));
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> task.withPositiveWeights(1))
                    .withMessage("weights: there must be one for each of the labels [a, b], found 1");
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Head.class,
            names = {"MEAN", "POOLER", "LAST"})
    void aNumberIsLearned(Head head) throws IOException {
        List<TextNumber> texts = List.of(
                new TextNumber("parcel parcel where", 4.5),
                new TextNumber("my parcel", 3),
                new TextNumber("where is where", 1),
                new TextNumber("never never", 2));
        Path folder = head == Head.LAST ? decoder : encoder;
        try (TextClassifier opened =
                TextClassifier.create(folder, Outputs.number("stars"), head, OptionalInt.of(7), 3, STORAGE)) {
            TrainableNumber task = opened.trainableNumbers();
            AdapterView adapter = adapter(task);
            train(task, adapter, texts);
            NumberedTexts measured = task.measure(adapter, texts);
            assertThat(measured.meanSquaredError())
                    .isLessThan(measured.always(2.625).meanSquaredError())
                    .isCloseTo(task.heldLoss(adapter, List.of(task.batch(texts))), within(1e-4));
            assertThat(measured.pearson().orElseThrow()).isPositive();
            assertThat(measured.always(1).pearson()).isEmpty();
            assertThat(saved(task, adapter, folder)).isEqualTo(task.task());
            HeadProbe<TextNumber> probe = HeadProbe.fit(task, texts);
            probe.writeTo(adapter);
            assertThat(task.measure(adapter, texts).meanSquaredError()).isNotNaN();
            assertThatIllegalArgumentException()
                    .isThrownBy(opened::trainableLabels)
                    .withMessage("problem_type of the task must be multi_label_classification, found regression");
        }
    }

    /** Both texts say the number together: the first ones are the same, and so are the second ones. */
    @Test
    void aNumberOfPairsIsLearned() throws IOException {
        List<TextNumber> pairs = List.of(
                new TextNumber("parcel", "parcel", 5),
                new TextNumber("where", "where", 5),
                new TextNumber("parcel", "where", 0),
                new TextNumber("where", "parcel", 0));
        try (TextClassifier opened = TextClassifier.create(
                        encoder, Outputs.number("similarity"), Head.POOLER, OptionalInt.of(7), 3, STORAGE)
                .ofPairs()) {
            TrainableNumber task = opened.trainableNumbers();
            AdapterView adapter = adapter(task);
            train(task, adapter, pairs);
            NumberedTexts measured = task.measure(adapter, pairs);
            assertThat(measured.pearson().orElseThrow()).isGreaterThan(0.9);
            assertThat(saved(task, adapter, encoder))
                    .isEqualTo(task.task())
                    .isEqualTo(new ClassifyPairs(
                            new Classify(Outputs.number("similarity"), Head.POOLER, OptionalInt.of(7))));
            INDArray joined = adapter.predict(opened.pairs(List.of(new TextPair("parcel", "where"))));
            assertThat(adapter.predict(task.batch(pairs.subList(2, 3)).input())).isEqualTo(joined);
            assertThatIllegalStateException()
                    .isThrownBy(() -> opened.tokens(List.of("parcel")))
                    .withMessage("tokens: the classifier takes pairs of texts, found texts");
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> task.batch(List.of(new TextNumber("parcel", 1))))
                    .withMessage("an example of a task for pairs must have two texts, found one; set textPair");
        }
        try (TextClassifier opened = TextClassifier.create(
                encoder, Outputs.number("similarity"), Head.MEAN, OptionalInt.of(7), 3, STORAGE)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> opened.trainableNumbers().batch(pairs))
                    .withMessage("an example of a task for texts must have one text, found a pair");
        }
        try (TextClassifier opened = TextClassifier.create(
                decoder, Outputs.number("similarity"), Head.LAST, OptionalInt.of(7), 3, STORAGE)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(opened::ofPairs)
                    .withMessageStartingWith("head of a classifier of pairs must be one of [mean, pooler]");
        }
    }

    @Test
    void classesAndLabelsOfPairsAreLearned() throws IOException {
        List<LabelledText> pairs = List.of(
                new LabelledText("parcel", "parcel", "a"),
                new LabelledText("where", "where", "a"),
                new LabelledText("parcel", "where", "b"),
                new LabelledText("where", "parcel", "b"));
        Labels labels = Labels.of(List.of("a", "b"));
        try (TextClassifier opened = TextClassifier.create(encoder, labels, Head.POOLER, OptionalInt.of(7), 3, STORAGE)
                .ofPairs()) {
            TrainableClassify task = opened.trainableClasses();
            AdapterView adapter = adapter(task);
            assertThat(task.start(adapter, pairs, 1)).isNotNull();
            train(task, adapter, pairs);
            assertThat(task.measure(adapter, pairs).right()).containsExactly(1.0, 1.0, 1.0, 1.0);
            assertThat(saved(task, adapter, encoder)).isEqualTo(task.task()).isInstanceOf(ClassifyPairs.class);
        }
        List<TextLabels> several =
                List.of(new TextLabels("parcel", "parcel", List.of("a")), new TextLabels("parcel", "where", List.of()));
        try (TextClassifier opened = TextClassifier.create(
                        encoder, Outputs.anyOf(labels), Head.POOLER, OptionalInt.of(7), 3, STORAGE)
                .ofPairs()) {
            TrainableLabels task = opened.trainableLabels();
            AdapterView adapter = adapter(task);
            train(task, adapter, several);
            assertThat(task.measure(adapter, several).actual())
                    .containsExactly(List.of(true, false), List.of(false, false));
            task.useThresholds(List.of(0.25, 0.75));
            assertThat(saved(task, adapter, encoder)).isEqualTo(task.task()).isInstanceOf(ClassifyPairs.class);
        }
    }

    @Test
    void tagsAreLearned() throws IOException {
        Labels labels = Labels.of(TagScheme.IOB2.tags(List.of("THING")));
        List<TaggedText> texts = List.of(
                TaggedText.ofSpans("where is my parcel", List.of(new TextSpan(12, 18, "THING"))),
                TaggedText.ofSpans("parcel never is", List.of(new TextSpan(0, 6, "THING"))),
                TaggedText.ofSpans("never where", List.of()));
        for (Path folder : List.of(encoder, decoder)) {
            try (TextModel opened = TextModel.open(ModelSource.of(folder), STORAGE)) {
                Network network = Head.TOKENS.network(opened.model(), labels.count(), 3);
                Tag asked = new Tag(labels, Tag.SubWords.FIRST, OptionalInt.of(7));
                TrainableTag task = new TrainableTag(asked, opened.textTokens(), network);
                AdapterView adapter = adapter(task);
                train(task, adapter, texts);
                assertThat(saved(task, adapter, folder)).isEqualTo(task.task());
                assertThat(task.task().maxTokens()).hasValue(7);
                TaggedTexts measured = task.measure(adapter, texts);
                assertThat(measured.actual())
                        .containsExactly(
                                List.of("O", "O", "O", "B-THING"), List.of("B-THING", "O", "O"), List.of("O", "O"));
                assertThat(measured.predicted()).isEqualTo(measured.actual());
            }
        }
    }

    @Test
    void tagsCanCountDifferently() throws IOException {
        Labels labels = Labels.of(List.of("O", "THING"));
        try (TextModel opened = TextModel.open(ModelSource.of(encoder), STORAGE)) {
            Network network = Head.TOKENS.network(opened.model(), labels.count(), 3);
            TrainableTag task = new TrainableTag(
                    new Tag(labels, Tag.SubWords.FIRST, OptionalInt.empty()), opened.textTokens(), network);
            List<TaggedText> texts = List.of(TaggedText.ofSpans("parcel", List.of(new TextSpan(0, 6, "THING"))));
            double first = firstLoss(task, adapter(task), texts);
            double weighted = firstLoss(task.withTagWeights(1, 3), adapter(task), texts);
            assertThat(weighted).isCloseTo(3 * first, within(1e-5));
            List<TaggedText> rare = List.of(texts.get(0), TaggedText.ofSpans("never where never", List.of()));
            assertThat(task.balancedWeights(rare)).containsExactly(4 / 2.0 / 3, 4 / 2.0 / 1);
            assertThat(task.balancedWeights(texts)).containsExactly(1, 0.5);
            assertThat(Labels.balancedWeights(1, 0, 3)).containsExactly(4 / 3.0, 1, 4 / 9.0);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> task.withTagWeights(1))
                    .withMessage("weights: there must be one for each of the tags [O, THING], found 1");
        }
    }

    @Test
    void classesCanCountDifferently() throws IOException {
        List<LabelledText> texts = List.of(new LabelledText("parcel", "a"), new LabelledText("where", "b"));
        try (TextClassifier opened = TextClassifier.create(
                encoder, Labels.of(List.of("a", "b")), Head.MEAN, OptionalInt.empty(), 3, STORAGE)) {
            TrainableClassify task = opened.trainableClasses();
            double first = firstLoss(task, adapter(task), texts.subList(0, 1));
            double second = firstLoss(task, adapter(task), texts.subList(1, 2));
            TrainableClassify weighted = task.withClassWeights(3, 0.5);
            assertThat(firstLoss(weighted, adapter(weighted), texts))
                    .isCloseTo((3 * first + 0.5 * second) / 2, within(1e-5));
            assertThat(firstLoss(task, adapter(task), texts)).isCloseTo((first + second) / 2, within(1e-5));
        }
    }

    private static <E> double firstLoss(TrainableTask<E, ?> task, AdapterView adapter, List<E> examples) {
        return trainer(task, adapter)
                .maxIterations(1)
                .build()
                .fit(List.of(task.batch(examples)))
                .runningLoss();
    }

    @Test
    void theTextsOfAQueryAreFound() throws IOException {
        List<RetrievalExample> examples = List.of(
                new RetrievalExample("where where", "parcel", null),
                new RetrievalExample("is my", "my parcel", null),
                new RetrievalExample("where my", "is is is", null));
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            TrainableEmbed task = TrainableEmbed.ofPairs(
                    Embed.asTheModelSays(),
                    opened.textTokens(),
                    opened.sentenceEmbeddings(),
                    opened.similarity(),
                    TrainableEmbed.SCALE);
            AdapterView adapter = adapter(task);
            train(task, adapter, examples);
            RankedTexts measured = task.measure(adapter, examples);
            assertThat(measured.found().metrics().recallAt1()).isEqualTo(1);
            assertThat(measured.found().metrics().queries()).isEqualTo(3);
            assertThat(measured.chance().metrics().recallAt1()).isCloseTo(1.0 / 3, within(1e-9));
            assertThat(saved(task, adapter, encoder)).isEqualTo(task.task());
        }
    }

    @Test
    void negativesAreLearnedToo() throws IOException {
        List<RetrievalExample> examples = List.of(
                new RetrievalExample("where where", "parcel", "is"),
                new RetrievalExample("is my", "my parcel", "where"));
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            TrainableEmbed task = TrainableEmbed.ofTriples(
                    Embed.asTheModelSays(), opened.textTokens(), opened.sentenceEmbeddings(), opened.similarity(), 20);
            train(task, adapter(task), examples);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> task.batch(List.of(examples.get(0), new RetrievalExample("q", "p", null))))
                    .withMessageContaining("either all examples must have a negative or none, found 1 negatives for 2");
        }
    }

    /** A text that belongs to a query in another batch is no wrong answer here. */
    @Test
    void theOtherRightTextsOfAQueryAreNoNegatives() throws IOException {
        RetrievalExample first = new RetrievalExample("where", "my", "parcel");
        RetrievalExample second = new RetrievalExample("is", "never", "my");
        try (EncoderFolder opened = EncoderFolder.open(encoder)) {
            TrainableEmbed task = TrainableEmbed.ofTriples(
                    Embed.asTheModelSays(), opened.textTokens(), opened.sentenceEmbeddings(), opened.similarity(), 20);
            assertThat(belongs(task.batch(List.of(first, second))))
                    .isDeepEqualTo(new int[][] {{1, 0, 0, 1}, {0, 1, 0, 0}});
            task.know(new RetrievalExample("where", "never", "x"));
            assertThat(belongs(task.batch(List.of(first, second))))
                    .isDeepEqualTo(new int[][] {{1, 1, 0, 1}, {0, 1, 0, 0}});
        }
    }

    private static int[][] belongs(Batch batch) {
        return Objects.requireNonNull(batch.labels()).castTo(DataType.INT32).toIntMatrix();
    }

    private static Stream<LabelledPair> pairs(String query, List<String> right, List<String> wrong) {
        return Stream.concat(
                right.stream().map(text -> new LabelledPair(new TextPair(query, text), true)),
                wrong.stream().map(text -> new LabelledPair(new TextPair(query, text), false)));
    }

    private static void learnsToRank(Path model, Head head) throws IOException {
        List<LabelledPair> examples = Stream.concat(
                        pairs("where is", List.of("parcel"), List.of("where", "is")),
                        pairs("my parcel", List.of("is"), List.of("parcel", "my")))
                .toList();
        try (TextClassifier opened =
                TextClassifier.create(model, Labels.numbered(1), head, OptionalInt.empty(), 3, STORAGE)) {
            TrainableRerank task = opened.trainableScores();
            AdapterView adapter = adapter(task);
            train(task, adapter, examples);
            RankedTexts measured = task.measure(adapter, examples);
            assertThat(measured.hasQueries()).isTrue();
            assertThat(measured.found().reciprocalRanks()).containsExactly(1.0, 1.0);
            assertThat(measured.found().metrics().texts()).isEqualTo(6);
            assertThat(measured.calibration()).isNotNull();
            assertThat(saved(task, adapter, model)).isEqualTo(task.task());
        }
    }

    @Test
    void anEncoderLearnsToSortTexts() throws IOException {
        learnsToRank(encoder, Head.MEAN);
    }

    @Test
    void aDecoderLearnsToSortTexts() throws IOException {
        learnsToRank(decoder, Head.YES_NO);
    }

    @Test
    void answersAreLearned() throws IOException {
        List<LearnedText> texts = List.of(
                new LearnedText.Completion(new TextPair("where is", "my parcel")),
                new LearnedText.Completion(new TextPair("my parcel", "comes today")));
        try (DecoderFolder opened = DecoderFolder.open(decoder, STORAGE)) {
            TrainableGenerate<LearnedText> task = TrainableGenerate.ofTexts(opened.network(), opened.tokens(), 32);
            AdapterView adapter = adapter(task);
            double before =
                    Perplexity.sum(task.measure(opened.network(), texts)).perplexity();
            train(task, adapter, texts);
            List<Perplexity> after = task.measure(adapter, texts);
            assertThat(after).hasSize(2);
            assertThat(Perplexity.sum(after).perplexity()).isLessThan(before);
            assertThat(saved(task, adapter, decoder))
                    .as("PEFT's files say that it generates")
                    .isNull();
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> TrainableGenerate.ofTexts(opened.network(), opened.tokens(), 2)
                            .batch(texts))
                    .withMessageContaining("must have an answer within 2 tokens, found none");
        }
    }

    @Test
    void plainTextIsLearned() throws IOException {
        List<TokenExample> blocks =
                List.of(TokenExample.ofText(new int[] {3, 4, 5, 6}), TokenExample.ofText(new int[] {7, 8, 9, 3}));
        try (DecoderFolder opened = DecoderFolder.open(decoder, STORAGE)) {
            TrainableGenerate<TokenExample> task = TrainableGenerate.ofTokens(opened.network());
            AdapterView adapter = adapter(task);
            train(task, adapter, blocks);
            assertThat(Perplexity.sum(task.measure(adapter, blocks)).tokens()).isEqualTo(6);
        }
    }

    @Test
    void preferencesAreLearned() throws IOException {
        try (DecoderFolder opened = DecoderFolder.open(decoder, STORAGE)) {
            List<PreferenceExample> pairs = List.of(
                    opened.tokens().preference("where is", "my parcel", "today"),
                    opened.tokens().preference("my parcel", "comes today", "is it"));
            TrainablePreferences task =
                    new TrainablePreferences(opened.network(), new PreferenceLoss(0.1, 0, false), opened.network());
            AdapterView adapter = adapter(task);
            List<PreferenceLoss.Metrics> before = task.measure(adapter, pairs);
            assertThat(before.get(0).margin())
                    .as("a new adapter is its reference")
                    .isZero();
            train(task, adapter, pairs);
            assertThat(task.measure(adapter, pairs))
                    .allSatisfy(pair -> assertThat(pair.accuracy()).isEqualTo(1))
                    .allSatisfy(pair -> assertThat(pair.margin()).isPositive());
        }
    }

    @Test
    void manyExamplesAreMeasuredSomeAtATime() {
        List<Integer> sizes = new ArrayList<>();
        Portions.forEach(Collections.nCopies(2 * Portions.SIZE + 1, "text"), some -> sizes.add(some.size()));
        assertThat(sizes).containsExactly(Portions.SIZE, Portions.SIZE, 1);
    }
}
