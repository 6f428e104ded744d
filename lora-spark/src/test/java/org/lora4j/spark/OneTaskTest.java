package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.internal.math.Softmax;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.data.Labels;
import org.lora4j.text.fixtures.OneTask;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;

/** A stage gives the answers of the library to adapters of all tasks, or refuses them by name. */
@Tag("slow")
class OneTaskTest {
    @TempDir
    private static Path temp;

    private static OneTask tasks;

    @BeforeAll
    static void write() throws IOException {
        tasks = OneTask.write(temp.resolve("tasks"));
    }

    private static Dataset<Row> table() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < OneTask.TEXTS.size(); i++) {
            rows.add(RowFactory.create(i, OneTask.TEXTS.get(i), OneTask.QUERY));
        }
        StructType schema = new StructType()
                .add("id", DataTypes.IntegerType)
                .add("text", DataTypes.StringType)
                .add("query", DataTypes.StringType);
        return Sessions.local().createDataset(rows, Encoders.row(schema)).coalesce(1);
    }

    private static float[][] outputs(LoRATransformer model, Dataset<Row> table) {
        float[][] found = new float[OneTask.TEXTS.size()][];
        for (Row row : model.transform(table).collectAsList()) {
            List<Float> output = row.getList(row.fieldIndex("output"));
            float[] values = new float[output.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = output.get(i);
            }
            found[row.<Integer>getAs("id")] = values;
        }
        return found;
    }

    /** A stage that says the columns and nothing else: the adapter decides. */
    private static LoRATransformer stage(Path model, String name) {
        return new LoRATransformer()
                .setBasePath(model.toString())
                .setFeaturesCol("text")
                .setAdapterPath(tasks.adapters(model).resolve(name).toString());
    }

    private static double[][] probabilities(float[][] outputs) {
        double[][] found = new double[outputs.length][];
        for (int i = 0; i < found.length; i++) {
            found[i] = new double[outputs[i].length];
            for (int j = 0; j < found[i].length; j++) {
                found[i][j] = outputs[i][j];
            }
            if (found[i].length == 1) {
                found[i][0] = 1 / (1 + Math.exp(-found[i][0]));
            } else {
                Softmax.inPlace(found[i]);
            }
        }
        return found;
    }

    private static double[][] classes(Path model, String name) throws IOException {
        Task task = TaskFile.read(tasks.adapters(model).resolve(name)).orElse(null);
        List<String> labels = task instanceof Classify classify
                ? classify.labels().names()
                : Labels.numbered(2).names();
        return tasks.classes(model, name).stream()
                .map(values -> labels.stream()
                        .mapToDouble(label -> values.getOrDefault(label, -1.0))
                        .toArray())
                .toArray(double[][]::new);
    }

    @Test
    void embeddingsAreThoseOfTheLibrary() throws IOException {
        for (Path model : tasks.embedders()) {
            for (String name : List.of(OneTask.SEARCH, OneTask.WHOLE)) {
                LoRATransformer stage = stage(model, name);
                if (name.equals(OneTask.WHOLE)) {
                    // It says nothing of its task.
                    stage.setEncoderHead("embedding");
                }
                assertThat(outputs(stage, table()))
                        .as(model + " " + name)
                        .isDeepEqualTo(tasks.embeddings(model, name, Embed.Kind.TEXT));
                assertThat(stage.transformSchema(table().schema()).fieldNames()).doesNotContain("prediction");
            }
            assertThat(outputs(stage(model, OneTask.SEARCH).setPromptName("query"), table()))
                    .isDeepEqualTo(tasks.embeddings(model, OneTask.SEARCH, Embed.Kind.QUERY));
        }
    }

    @Test
    void classesAndScoresAreThoseOfTheLibrary() throws IOException {
        for (String name : List.of(OneTask.TOPICS, OneTask.TONES, OneTask.PEFT)) {
            assertThat(probabilities(outputs(stage(tasks.encoder(), name), table())))
                    .as(name)
                    .isDeepEqualTo(classes(tasks.encoder(), name));
        }
        assertThat(probabilities(outputs(stage(tasks.decoder(), OneTask.LAST), table())))
                .isDeepEqualTo(classes(tasks.decoder(), OneTask.LAST));
        for (Path model : List.of(tasks.encoder(), tasks.decoder())) {
            requireLabels(model);
            requireNumbers(model);
        }
        requireClassesOfPairs();
        requireScores(tasks.encoder(), OneTask.RANK);
        requireScores(tasks.decoder(), OneTask.YES);
    }

    /** No single number says which labels a text has. */
    private static void requireLabels(Path model) throws IOException {
        List<ClassScores> expected = tasks.classScores(model, OneTask.SEVERAL);
        LoRATransformer stage = stage(model, OneTask.SEVERAL);
        float[][] found = outputs(stage, table());
        for (int i = 0; i < found.length; i++) {
            double[] z = new double[found[i].length];
            for (int j = 0; j < z.length; j++) {
                z[j] = found[i][j];
            }
            assertThat(expected.get(i).outputs().values(z))
                    .containsExactly(expected.get(i).values().toArray(Double[]::new));
        }
        for (Row row : stage.transform(table()).collectAsList()) {
            assertThat(row.<Double>getAs("prediction")).isNull();
        }
    }

    private static void requireNumbers(Path model) throws IOException {
        List<ClassScores> expected = tasks.classScores(model, OneTask.NUMBER);
        for (Row row : stage(model, OneTask.NUMBER).transform(table()).collectAsList()) {
            assertThat(row.<Double>getAs("prediction"))
                    .isEqualTo(expected.get(row.<Integer>getAs("id")).number());
        }
    }

    private static LoRATransformer ofPairs(String name) {
        return stage(tasks.encoder(), name).setFeaturesCol("query").setPairCol("text");
    }

    private static void requireClassesOfPairs() throws IOException {
        List<ClassScores> numbers = tasks.pairClasses(tasks.encoder(), OneTask.SIMILAR);
        for (Row row : ofPairs(OneTask.SIMILAR).transform(table()).collectAsList()) {
            assertThat(row.<Double>getAs("prediction"))
                    .isEqualTo(numbers.get(row.<Integer>getAs("id")).number());
        }
        double[][] found = probabilities(outputs(ofPairs(OneTask.FOLLOWS), table()));
        List<ClassScores> classes = tasks.pairClasses(tasks.encoder(), OneTask.FOLLOWS);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).containsExactly(classes.get(i).values().toArray(Double[]::new));
        }
    }

    private static void requireScores(Path model, String name) throws IOException {
        LoRATransformer stage = stage(model, name).setFeaturesCol("query").setPairCol("text");
        double[][] found = probabilities(outputs(stage, table()));
        double[] expected = tasks.scores(model, name);
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).as(name).containsExactly(expected[i]);
        }
    }

    private static LoRATransformer named(Path model) {
        return new LoRATransformer()
                .setBasePath(model.toString())
                .setFeaturesCol("text")
                .setAdapterCol("tenant")
                .setAdapterFolder(tasks.adapters(model).toString());
    }

    private static void requireClose(float[][] found, float[]... expected) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i]).usingComparatorWithPrecision(1e-6f).containsExactly(expected[i]);
        }
    }

    /** Each row has the limit, the prompt, the length and the labels of its own adapter. */
    @Test
    void rowsOfOneStageHaveTheAnswersOfTheirAdapters() throws IOException {
        Dataset<Row> table = table().withColumn("tenant", functions.expr("if(id = 1, 'search', 'whole')"));
        float[][] whole = tasks.embeddings(tasks.encoder(), OneTask.WHOLE, Embed.Kind.TEXT);
        float[][] search = tasks.embeddings(tasks.encoder(), OneTask.SEARCH, Embed.Kind.TEXT);
        requireClose(outputs(named(tasks.encoder()).setEncoderHead("embedding"), table), whole[0], search[1], whole[2]);

        Dataset<Row> classified = table().withColumn("tenant", functions.expr("if(id = 1, 'tones', 'peft')"));
        double[][] found = probabilities(outputs(named(tasks.encoder()), classified));
        double[][] tones = classes(tasks.encoder(), OneTask.TONES);
        double[][] peft = classes(tasks.encoder(), OneTask.PEFT);
        assertThat(found[0]).usingComparatorWithPrecision(1e-6).containsExactly(peft[0]);
        assertThat(found[1]).usingComparatorWithPrecision(1e-6).containsExactly(tones[1]);
        assertThat(found[2]).usingComparatorWithPrecision(1e-6).containsExactly(peft[2]);
    }

    @Test
    void whatDoesNotFitTheAdapterIsRefusedByName() {
        assertThatThrownBy(() -> stage(tasks.encoder(), OneTask.TOPICS)
                        .setEncoderHead("embedding")
                        .transform(table()))
                .hasMessage("encoderHead must be 'meanClassifier' for an adapter that classifies texts, found"
                        + " 'embedding'; clear it, because the adapter says it");
        assertThatThrownBy(() ->
                        stage(tasks.encoder(), OneTask.TOPICS).setNumLabels(2).transform(table()))
                .hasMessageStartingWith("numLabels must be 3 for an adapter that classifies texts, found 2");
        assertThatThrownBy(() ->
                        stage(tasks.encoder(), OneTask.RANK).transform(table()).collectAsList())
                .hasStackTraceContaining("the adapter scores pairs of texts, so pairCol must be set, found none");
        assertThatThrownBy(() -> stage(tasks.encoder(), OneTask.SIMILAR)
                        .transform(table())
                        .collectAsList())
                .hasStackTraceContaining(
                        "the adapter gives pairs of texts a number, so pairCol must be set, found none");
        assertThatThrownBy(() -> ofPairs(OneTask.TOPICS).transform(table()).collectAsList())
                .hasStackTraceContaining("the adapter classifies texts, so pairCol must not be set, found 'text'");
        Dataset<Row> table = table().withColumn(
                        "tenant", functions.expr("case id when 0 then 'whole' when 1 then 'topics' else null end"));
        List<Row> rows = named(tasks.encoder())
                .setEncoderHead("embedding")
                .setHandleInvalid("keep")
                .setReasonCol("reason")
                .transform(table)
                .orderBy("id")
                .collectAsList();
        assertThat(rows.get(0).<String>getAs("reason")).isNull();
        assertThat(rows.get(1).<String>getAs("reason"))
                .contains(
                        "the adapter must be one for a model with the head embedding, found one that classifies texts");
        assertThat(rows.get(2).<String>getAs("reason")).isNull();
        rows = named(tasks.encoder())
                .setHandleInvalid("keep")
                .setReasonCol("reason")
                .transform(table)
                .orderBy("id")
                .collectAsList();
        assertThat(rows.get(0).<String>getAs("reason")).contains("tensors are missing");
        assertThat(rows.get(2).<String>getAs("reason")).contains("each row must name an adapter");
    }

    /** What Spark trains says what it is for, so that other hosts answer as Spark does. */
    @Test
    void anAdapterOfSparkIsServedByTheLibrary() throws Exception {
        LoRAClassificationModel trained = new LoRAClassifier()
                .setBasePath(tasks.encoder().toString())
                .setFeaturesCol("text")
                .setEncoderHead("meanClassifier")
                .setNumLabels(3)
                .setMaxTokens(6)
                .setRank(2)
                .setTargetModules("attention.self.query")
                .setMaxIter(3)
                .setNumWorkers(1)
                .setLearningRate(0.1)
                .fit(table().withColumn("label", functions.col("id").cast("double")));
        Path saved = temp.resolve("saved");
        trained.save(saved.toString());
        double[][] expected = new double[OneTask.TEXTS.size()][];
        try (TextModel model = OneTask.open(tasks.encoder());
                TextService service = TextService.builder(model)
                        .adapter("trained", saved.resolve("adapter"))
                        .build()) {
            List<ClassScores> scores = service.answer(
                            Classify.class, "trained", OneTask.TEXTS, RequestOptions.defaults())
                    .values();
            Arrays.setAll(
                    expected,
                    i -> scores.get(i).values().stream()
                            .mapToDouble(Double::doubleValue)
                            .toArray());
        }
        double[][] found = probabilities(
                outputs(LoRAClassificationModel.load(saved.toString()).transformer(), table()));
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).usingComparatorWithPrecision(1e-6).containsExactly(expected[i]);
        }
    }

    /** The loss says what the outputs mean. */
    @Test
    void adaptersOfSparkForLabelsAndNumbersSayIt() throws Exception {
        Dataset<Row> labelled =
                table().withColumn("label", functions.expr("array(cast(id = 1 as double), cast(id = 2 as double))"));
        requireProblem(trainer("multiLabel").setNumLabels(2), labelled, ProblemType.MULTI_LABEL_CLASSIFICATION);
        Dataset<Row> numbered = table().withColumn("label", functions.expr("array(id + 0.5D)"));
        requireProblem(trainer("meanSquaredError").setNumLabels(1), numbered, ProblemType.REGRESSION);
        Path saved = temp.resolve("pairs");
        trainer("meanSquaredError")
                .setFeaturesCol("query")
                .setPairCol("text")
                .setNumLabels(1)
                .fit(numbered)
                .save(saved.toString());
        assertThat(TaskFile.read(saved.resolve("adapter")).orElseThrow())
                .isInstanceOfSatisfying(
                        ClassifyPairs.class,
                        found -> assertThat(found.classifier().outputs().problem())
                                .isEqualTo(ProblemType.REGRESSION));
    }

    private static LoRAEstimator trainer(String loss) {
        return new LoRAEstimator()
                .setBasePath(tasks.encoder().toString())
                .setFeaturesCol("text")
                .setEncoderHead("meanClassifier")
                .setLoss(loss)
                .setRank(2)
                .setTargetModules("attention.self.query")
                .setMaxIter(3)
                .setNumWorkers(1)
                .setLearningRate(0.1);
    }

    private static void requireProblem(LoRAEstimator trainer, Dataset<Row> data, ProblemType problem) throws Exception {
        Path saved = temp.resolve(problem.text());
        trainer.fit(data).save(saved.toString());
        Task task = TaskFile.read(saved.resolve("adapter")).orElseThrow();
        assertThat(task)
                .isInstanceOfSatisfying(
                        Classify.class,
                        found -> assertThat(found.outputs().problem()).isEqualTo(problem));
    }

    @Test
    void answersAreThoseOfTheLibrary() throws IOException {
        Dataset<Row> messages = table().selectExpr("array(named_struct('role', 'user', 'content', query)) AS messages")
                .limit(1);
        for (String name : OneTask.ANSWERERS) {
            Row row = new LoRACausalLMModel()
                    .setBasePath(tasks.chats().toString())
                    .setAdapterPath(tasks.adapters(tasks.chats()).resolve(name).toString())
                    .setTask("generate")
                    .setMaxNewTokens(OneTask.NEW_TOKENS)
                    .transform(messages)
                    .first();
            assertThat(row.<String>getAs("generated")).isEqualTo(tasks.answer(name));
        }
        assertThatThrownBy(() -> new LoRACausalLMModel()
                        .setBasePath(tasks.decoder().toString())
                        .setAdapterPath(
                                tasks.decoderAdapters().resolve(OneTask.LAST).toString())
                        .setTask("generate")
                        .setTextCol("text")
                        .transform(table())
                        .collectAsList())
                .hasStackTraceContaining(
                        "the adapter must be one that generates texts, found one that classifies texts");
    }
}
