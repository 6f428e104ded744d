package org.lora4j.text.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.data.Labels;
import org.nd4j.linalg.factory.Nd4j;

/** The outputs of a classifier mean what its files say. */
class OutputsTest {
    private static final Offset<Double> EXACT = Offset.offset(1e-12);
    private static final Labels LABELS = Labels.of(List.of("a", "b", "c"));
    private static final BaseStorage STORAGE = BaseStorage.of(Precision.FLOAT);

    @TempDir
    private Path temp;

    @Test
    void oneOfSeveralLabelsIsSoftmax() {
        ClassScores scores = ClassScores.of(Outputs.oneOf(LABELS), Nd4j.create(new double[][] {{0, Math.log(3), 0}}));
        assertThat(scores.values().get(1)).isCloseTo(0.6, EXACT);
        assertThat(scores.values().get(0)).isCloseTo(0.2, EXACT);
        assertThat(scores.chosen()).containsExactly("b");
        assertThatIllegalStateException()
                .isThrownBy(scores::number)
                .withMessage("the model must give a text one number, found [a, b, c] (single_label_classification)");
    }

    @Test
    void anyNumberOfLabelsIsTheSigmoidOfEach() {
        Outputs outputs = Outputs.anyOf(LABELS).withThresholds(List.of(0.25, 0.5, 0.76));
        ClassScores scores = ClassScores.of(outputs, Nd4j.create(new double[][] {{-Math.log(3), 0, Math.log(3)}}));
        assertThat(scores.values().get(0)).isCloseTo(0.25, EXACT);
        assertThat(scores.values().get(1)).isEqualTo(0.5);
        assertThat(scores.values().get(2)).isCloseTo(0.75, EXACT);
        assertThat(new ClassScores(outputs, List.of(0.25, 0.5, 0.75)).chosen()).containsExactly("a", "b");
        assertThat(new ClassScores(Outputs.anyOf(LABELS), List.of(0.25, 0.4, 0.1)).chosen())
                .isEmpty();
    }

    @Test
    void aNumberIsTheOutput() {
        ClassScores scores = ClassScores.of(Outputs.number("stars"), Nd4j.create(new double[][] {{-3.5}}));
        assertThat(scores.number()).isEqualTo(-3.5);
        assertThat(scores.chosen()).isEmpty();
        assertThat(scores.labels().names()).containsExactly("stars");
    }

    @Test
    void refusesThresholdsThatDoNotFit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Outputs.anyOf(LABELS).withThresholds(List.of(0.5)))
                .withMessage("thresholds must be 3 numbers for multi_label_classification with the labels [a, b, c],"
                        + " found 1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Outputs.oneOf(LABELS).withThresholds(List.of(0.5, 0.5, 0.5)))
                .withMessageStartingWith("thresholds must be 0 numbers for single_label_classification");
        for (double wrong : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Outputs.anyOf(LABELS).withThresholds(List.of(0.5, wrong, 0.5)))
                    .withMessage("thresholds must be numbers between 0 and 1, found " + wrong);
        }
    }

    private Path model(String problem, String labels) throws IOException {
        Path folder = Files.createDirectories(temp.resolve("model"));
        Files.writeString(
                folder.resolve("config.json"),
                ("{'model_type': 'bert', 'architectures': ['BertForSequenceClassification'], 'hidden_size': 8,"
                                + " 'num_attention_heads': 2, 'num_hidden_layers': 1, 'intermediate_size': 8,"
                                + " 'vocab_size': 9, 'max_position_embeddings': 8, 'id2label': " + labels
                                + (problem.isEmpty() ? "" : ", 'problem_type': '" + problem + "'") + "}")
                        .replace('\'', '"'));
        return folder;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "multi_label_classification | {'0':'a','1':'b'} | MULTI_LABEL_CLASSIFICATION",
                "single_label_classification | {'0':'a','1':'b'} | SINGLE_LABEL_CLASSIFICATION",
                "'' | {'0':'a','1':'b'} | SINGLE_LABEL_CLASSIFICATION",
                "regression | {'0':'stars'} | REGRESSION",
                "multi_label_classification | {'0':'spam'} | MULTI_LABEL_CLASSIFICATION",
                "regression | {'0':'x','1':'y'} | REGRESSION",
            })
    void aModelSaysWhatItsOutputsMean(String problem, String labels, ProblemType expected) throws IOException {
        Task task = ModelTask.of(ModelSource.of(model(problem, labels)));
        assertThat(task)
                .isInstanceOfSatisfying(
                        Classify.class,
                        found -> assertThat(found.outputs().problem()).isEqualTo(expected));
    }

    /** Rerankers are trained as regressions too, and have no name for their only output. */
    @ParameterizedTest
    @CsvSource({"regression", "multi_label_classification", "''"})
    void oneOutputWithoutANameIsTheScoreOfAPair(String problem) throws IOException {
        assertThat(ModelTask.of(ModelSource.of(model(problem, "{'0':'LABEL_0'}"))))
                .isInstanceOf(Rerank.class);
    }

    @Test
    void refusesAProblemThatNobodyKnows() throws IOException {
        ModelSource model = ModelSource.of(model("several", "{'0':'a','1':'b'}"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ModelTask.of(model))
                .withMessageStartingWith("problem_type must be one of [single_label_classification,");
    }

    @Test
    void whatIsMergedStandsInTheFilesOfTheModel() throws IOException {
        Path folder = model("regression", "{'0':'a','1':'b'}");
        for (Outputs outputs : List.of(
                Outputs.anyOf(LABELS).withThresholds(List.of(0.1, 0.2, 0.3)),
                Outputs.number("stars"),
                Outputs.oneOf(LABELS))) {
            Classify task = new Classify(outputs, Head.POOLER, OptionalInt.empty());
            MergedTask.write(task, folder, false);
            assertThat(ModelTask.of(ModelSource.of(folder))).isEqualTo(task);
        }
        assertThat(Files.readString(folder.resolve("config.json"))).doesNotContain("problem_type", "thresholds");
    }

    /** PEFT's files do not say it: the adapter was trained with the configuration of the model. */
    @Test
    void anAdapterOfPeftMeansWhatItsModelSays() throws IOException {
        Path encoder = CompleteEncoder.write(temp.resolve("encoder")).folder();
        Path adapter = temp.resolve("adapters/peft");
        try (TextClassifier classifier =
                TextClassifier.create(encoder, LABELS, Head.POOLER, OptionalInt.empty(), 1, STORAGE)) {
            classifier.addAdapter(LoRAConfig.of(2, 4)).save(adapter);
        }
        assertThat(task(encoder)).isEqualTo(new Classify(Labels.numbered(3), Head.POOLER, OptionalInt.empty()));
        Path config = encoder.resolve("config.json");
        String before = Files.readString(config);
        for (ProblemType problem : ProblemType.values()) {
            Files.writeString(config, before.replaceFirst("\\{", "{\"problem_type\": \"" + problem.text() + "\","));
            ProblemType expected =
                    problem == ProblemType.REGRESSION ? ProblemType.SINGLE_LABEL_CLASSIFICATION : problem;
            assertThat(task(encoder))
                    .isEqualTo(
                            new Classify(new Outputs(Labels.numbered(3), expected), Head.POOLER, OptionalInt.empty()));
            try (TextClassifier classifier = TextClassifier.open(encoder, adapter, STORAGE)) {
                assertThat(classifier.outputs().problem()).isEqualTo(expected);
            }
        }
    }

    private Task task(Path encoder) throws IOException {
        try (TextModel model = TextModel.open(ModelSource.of(encoder), STORAGE);
                TextService service = TextService.builder(model)
                        .adapters(temp.resolve("adapters"))
                        .build()) {
            return service.task("peft");
        }
    }
}
