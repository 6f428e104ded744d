package org.lora4j.spark;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.fixtures.SmallReranker;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.DecoderFolder;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.task.Head;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.tokens.Prompts;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** Prompts, shorter embeddings, pairs and decoders, as the cards of models say it. */
@Tag("slow")
class ModelCardTest {
    private static final int ROWS = 12;
    private static final List<String> WORDS = List.of("where", "is", "my", "parcel", "it", "comes", "today");
    private static final List<String> ENCODER = List.of("query", "value");
    private static final List<String> DECODER = List.of("q_proj", "v_proj");

    @TempDir
    Path folder;

    private static String text(int row) {
        return IntStream.rangeClosed(0, row % 4)
                .mapToObj(i -> WORDS.get((row * 3 + i * 2) % WORDS.size()))
                .reduce((a, b) -> a + " " + b)
                .orElseThrow();
    }

    private static String other(int row) {
        return text(row * 5 + 2);
    }

    private static List<String> texts() {
        return IntStream.range(0, ROWS).mapToObj(ModelCardTest::text).toList();
    }

    private static List<TextPair> pairs() {
        return IntStream.range(0, ROWS)
                .mapToObj(i -> new TextPair(text(i), other(i)))
                .toList();
    }

    /** Texts, other texts, labels, and adapters of which one is none. */
    private static Dataset<Row> table() {
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < ROWS; i++) {
            rows.add(RowFactory.create((long) i, text(i), other(i), i % 2, i % 3 == 0 ? null : "tenant" + i % 3));
        }
        StructType schema = new StructType()
                .add("id", DataTypes.LongType, false)
                .add("text", DataTypes.StringType)
                .add("other", DataTypes.StringType)
                .add("label", DataTypes.IntegerType, false)
                .add("tenant", DataTypes.StringType);
        return Sessions.local().createDataFrame(rows, schema).repartition(3);
    }

    private static float[][] outputs(Dataset<Row> scored) {
        float[][] found = new float[ROWS][];
        for (Row row : scored.collectAsList()) {
            List<Float> output = row.getList(row.fieldIndex("output"));
            found[Math.toIntExact(row.getAs("id"))] = floats(output);
        }
        return found;
    }

    private static float[] floats(List<Float> values) {
        float[] floats = new float[values.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = values.get(i);
        }
        return floats;
    }

    private static void assertClose(float[][] found, float[][] expected) {
        assertThat(found.length).isEqualTo(expected.length);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i]).usingComparatorWithPrecision(1e-5f).containsExactly(expected[i]);
        }
    }

    private static void assertDiffer(float[][] a, float[][] b) {
        assertThat(Nd4j.create(a).distance2(Nd4j.create(b))).isGreaterThan(1e-2);
    }

    /** A transformer that names adapters, of which the rows that are scored name none. */
    private LoRATransformer transformer(Path base) throws IOException {
        return new LoRATransformer()
                .setBasePath(base.toString())
                .setFeaturesCol("text")
                .setAdapterCol("tenant")
                .setAdapterFolder(
                        Files.createDirectories(folder.resolve("adapters")).toString());
    }

    private static Dataset<Row> withoutAdapters() {
        return table().withColumn("tenant", functions.lit(null).cast("string"));
    }

    private Path encoder() throws IOException {
        return CompleteEncoder.write(folder.resolve("encoder")).folder();
    }

    private float[][] embeddings(Path base, Consumer<LoRATransformer> settings) throws IOException {
        LoRATransformer model = transformer(base).setEncoderHead("embedding");
        settings.accept(model);
        return outputs(model.transform(withoutAdapters()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void textsGetThePromptThatIsChosen(boolean includesPrompt) throws IOException {
        Path base = encoder();
        Files.writeString(
                base.resolve("1_Pooling/config.json"),
                "{\"pooling_mode\": \"mean\", \"include_prompt\": " + includesPrompt + "}");
        try (EncoderFolder encoder = EncoderFolder.open(base)) {
            Network network = encoder.sentenceEmbeddings();
            float[][] queries = network.predict(encoder.queries(texts())).toFloatMatrix();
            float[][] passages = network.predict(encoder.documents(texts())).toFloatMatrix();
            assertDiffer(queries, passages);
            assertClose(embeddings(base, model -> {}), queries);
            assertClose(embeddings(base, model -> model.setPromptName("query")), queries);
            assertClose(embeddings(base, model -> model.setPromptName("passage")), passages);
            assertClose(embeddings(base, model -> model.setPrompt("passage: ")), passages);
            assertClose(
                    embeddings(base, model -> model.setPrompt("")),
                    network.predict(encoder.withPrompts(Prompts.none()).tokens(texts()))
                            .toFloatMatrix());
        }
    }

    @Test
    void anEmbeddingIsAsShortAsIsSet() throws IOException {
        Path base = encoder();
        try (EncoderFolder encoder = EncoderFolder.open(base)) {
            Sequences tokens = encoder.tokens(texts());
            float[][] found = embeddings(base, model -> model.setDimensions(5));
            assertThat(found[0]).hasSize(5);
            assertClose(
                    found,
                    encoder.sentenceEmbeddings(OptionalInt.of(5))
                            .predict(tokens)
                            .toFloatMatrix());
        }
        assertThatThrownBy(() -> embeddings(base, model -> model.setDimensions(25)))
                .hasStackTraceContaining("dimensions must be between 1 and the 12 numbers of an embedding, found 25");
    }

    /** An adapter is random, and has a trained head if there is one. */
    private static void addTenants(LoRAModel model, List<String> targets) {
        for (int i = 1; i < 3; i++) {
            model.add(
                    "tenant" + i,
                    LoRAConfig.builder()
                            .rank(2)
                            .alpha(20)
                            .targetModules(targets.toArray(String[]::new))
                            .init(LoRAInit.random())
                            .seed(i)
                            .build());
        }
    }

    private void save(LoRAModel model) throws IOException {
        for (String name : model.names()) {
            model.using(name).save(folder.resolve("adapters").resolve(name));
        }
    }

    private static float[][] mixed(LoRAModel model, Sequences tokens) {
        List<String> names = IntStream.range(0, ROWS)
                .mapToObj(i -> i % 3 == 0 ? LoRAModel.BASE : "tenant" + i % 3)
                .toList();
        return model.predict(tokens, names).toFloatMatrix();
    }

    @Test
    void pairsAreComparedEachWithItsAdapter() throws IOException {
        Path base = Phrases.encoder(folder, "encoder_classifier");
        try (EncoderFolder encoder = EncoderFolder.open(base)) {
            LoRAModel model = LoRAModel.of(encoder.model().classifier());
            addTenants(model, ENCODER);
            save(model);
            Dataset<Row> pairs = pairsOfPhrases();
            Sequences tokens = encoder.pairs(IntStream.range(0, ROWS)
                    .mapToObj(i -> new TextPair(phrase(i), phrase(i + 1)))
                    .toList());
            float[][] expected = mixed(model, tokens);
            LoRATransformer transformer = transformer(base).setPairCol("other");
            assertClose(outputs(transformer.setBatchSize(5).transform(pairs)), expected);
            transformer.clear(transformer.pairCol());
            assertDiffer(outputs(transformer.transform(pairs)), expected);
            transformer.setPairCol("other");
            LoRAFunctions.register(Sessions.local(), "compare", transformer);
            assertClose(outputs(pairs.selectExpr("id", "compare(text, other, tenant) AS output")), expected);
        }
    }

    private static String phrase(int row) {
        return "w" + (5 + row * 7 % 50) + " w" + (5 + row * 11 % 50);
    }

    private static Dataset<Row> pairsOfPhrases() {
        Dataset<Row> table = table();
        List<Row> rows = new ArrayList<>();
        for (Row row : table.collectAsList()) {
            int i = Math.toIntExact(row.getLong(0));
            rows.add(RowFactory.create(row.get(0), phrase(i), phrase(i + 1), row.get(3), row.get(4)));
        }
        return Sessions.local().createDataFrame(rows, table.schema()).repartition(3);
    }

    @Test
    void aDecoderAnswersYesOrNo() throws IOException {
        Path base = SmallReranker.write(folder.resolve("reranker"));
        try (DecoderFolder decoder = DecoderFolder.open(base)) {
            Network network = decoder.network(Head.YES_NO);
            var scorer = new Rerank(Head.YES_NO, OptionalInt.empty()).on(decoder.textTokens(), network);
            LoRAModel model = LoRAModel.of(network);
            addTenants(model, DECODER);
            save(model);
            float[][] expected = mixed(model, scorer.tokens(pairs()));
            LoRATransformer transformer =
                    transformer(base).setEncoderHead("yesNo").setPairCol("other");
            Dataset<Row> scored = transformer.transform(table());
            assertClose(outputs(scored), expected);
            for (Row row : scored.collectAsList()) {
                assertThat((double) row.getAs("prediction")).isEqualTo((double)
                        (float) row.<Float>getList(row.fieldIndex("output")).get(0));
            }
            // Queries that leave no room for a document spoil their row only.
            Dataset<Row> long1 = table().withColumn("text", functions.expr("if(id = 4, repeat('where ', 200), text)"));
            assertThat(transformer
                            .setHandleInvalid("keep")
                            .transform(long1)
                            .filter("reason like 'featuresCol: the query must leave room for a document%'")
                            .select("id")
                            .collectAsList())
                    .extracting(row -> row.getLong(0))
                    .containsExactly(4L);
        }
    }

    private static LoRAConfig config(List<String> targets, String... modulesToSave) {
        return LoRAConfig.builder()
                .rank(2)
                .targetModules(targets.toArray(String[]::new))
                .modulesToSave(modulesToSave)
                .build();
    }

    private static LoRAEstimator estimator(Path base, List<String> targets) {
        return new LoRAEstimator()
                .setBasePath(base.toString())
                .setFeaturesCol("text")
                .setIdCol("id")
                .setRank(2)
                .setTargetModules(targets.toArray(String[]::new))
                .setBatchSize(4)
                .setEpochs(3)
                .setLearningRate(0.01)
                .setNumWorkers(2);
    }

    private interface Tokens {
        Sequences of(int from, int to);
    }

    private static LoRAAdapter onOneMachine(Network network, LoRAConfig config, Loss loss, Tokens tokens, int classes) {
        AdapterView view = LoRAModel.of(network).add("a", config);
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < ROWS; from += 4) {
            INDArray labels = Nd4j.zeros(4, classes);
            for (int i = 0; i < 4; i++) {
                labels.putScalar(i, classes == 1 ? 0 : (from + i) % 2, classes == 1 ? (from + i) % 2 : 1);
            }
            batches.add(new Batch(tokens.of(from, from + 4), labels));
        }
        Trainer.builder(view)
                .loss(loss)
                .updater(new Adam(0.01))
                .epochs(3)
                .build()
                .fit(batches);
        return view.adapter();
    }

    private static void assertSame(LoRAAdapter found, LoRAAdapter expected) {
        assertThat(found.savedModules().keySet())
                .isEqualTo(expected.savedModules().keySet());
        assertThat(Adapters.difference(found, expected)).isLessThan(1e-5);
    }

    @Test
    void learnsPairs() throws IOException {
        Path base = Phrases.encoder(folder, "encoder_forward");
        LoRATransformer trained =
                estimator(base, ENCODER).setPairCol("other").setNumLabels(2).fit(pairsOfPhrases());
        try (EncoderFolder encoder = EncoderFolder.open(base)) {
            LoRAAdapter expected = onOneMachine(
                    encoder.model().classifier(2, 0),
                    config(ENCODER, "classifier"),
                    Loss.softmaxCrossEntropy(),
                    (from, to) -> encoder.pairs(IntStream.range(from, to)
                            .mapToObj(i -> new TextPair(phrase(i), phrase(i + 1)))
                            .toList()),
                    2);
            assertSame(trained.adapter(), expected);
        }
    }

    @Test
    void learnsToAnswerYesOrNo() throws Exception {
        Path base = SmallReranker.write(folder.resolve("reranker"));
        LoRATransformer trained = estimator(base, DECODER)
                .setEncoderHead("yesNo")
                .setPairCol("other")
                .setLoss("meanSquaredError")
                .fit(table());
        try (DecoderFolder decoder = DecoderFolder.open(base)) {
            Network network = decoder.network(Head.YES_NO);
            var scorer = new Rerank(Head.YES_NO, OptionalInt.empty()).on(decoder.textTokens(), network);
            LoRAAdapter expected = onOneMachine(
                    network,
                    config(DECODER),
                    Loss.meanSquaredError(),
                    (from, to) -> scorer.tokens(pairs().subList(from, to)),
                    1);
            assertSame(trained.adapter(), expected);
        }
        trained.setSaveBase(true).save(folder.resolve("saved").toString());
        LoRATransformer loaded = LoRATransformer.load(folder.resolve("saved").toString());
        assertThat(outputs(loaded.transform(table()))).isDeepEqualTo(outputs(trained.transform(table())));
    }

    @Test
    void aDecoderHasAClassifierThatIsTrainedToo() throws IOException {
        Path base = SmallReranker.write(folder.resolve("decoder"));
        LoRAClassificationModel trained = new LoRAClassifier()
                .setBasePath(base.toString())
                .setFeaturesCol("text")
                .setIdCol("id")
                .setNumLabels(2)
                .setRank(2)
                .setTargetModules(DECODER.toArray(String[]::new))
                .setBatchSize(4)
                .setEpochs(3)
                .setLearningRate(0.01)
                .setNumWorkers(2)
                .fit(table());
        try (DecoderFolder decoder = DecoderFolder.open(base)) {
            LoRAAdapter expected = onOneMachine(
                    decoder.model().classifier(2, 0),
                    config(DECODER, "score"),
                    Loss.softmaxCrossEntropy(),
                    (from, to) -> decoder.tokenizer().sequences(texts().subList(from, to)),
                    2);
            assertSame(trained.adapter(), expected);
            assertThat(trained.adapter().savedModules()).containsOnlyKeys("score");
        }
    }

    @Test
    void aDecoderEmbeds() throws IOException {
        Path base = SmallReranker.write(folder.resolve("decoder"));
        assertThatThrownBy(() -> embeddings(base, model -> {}))
                .hasMessageStartingWith("encoderHead must fit the model, found 'embedding' for a decoder without"
                        + " modules.json in basePath: ");
        Files.createDirectory(base.resolve("1_Pooling"));
        Files.writeString(base.resolve("1_Pooling/config.json"), "{\"pooling_mode\": \"lasttoken\"}");
        Files.writeString(base.resolve("modules.json"), """
                [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
                 {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                 {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
                """);
        Files.writeString(base.resolve("config_sentence_transformers.json"), """
                {"prompts": {"query": "where is "}}
                """);
        try (EncoderFolder decoder = EncoderFolder.open(base)) {
            Network network = decoder.sentenceEmbeddings();
            assertClose(
                    embeddings(base, model -> model.setPromptName("query")),
                    network.predict(decoder.queries(texts())).toFloatMatrix());
            assertClose(
                    embeddings(base, model -> {}),
                    network.predict(decoder.documents(texts())).toFloatMatrix());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "encoder   | yesNo          | pairCol    | encoderHead must fit the model, found 'yesNo' for an encoder",
                "decoder   | meanClassifier |            | encoderHead must fit the model, found 'meanClassifier' for a"
                        + " decoder in",
                "decoder   | classifier     | pairCol    | encoderHead must fit the model, found 'classifier' for a decoder"
                        + " with pairCol",
                "decoder   | classifier     | promptName | promptName and prompt must not be set if a classifier is on a"
                        + " decoder",
                "encoder   | classifier     | dimensions | dimensions must not be set unless encoderHead is embedding,"
                        + " found 3 and encoderHead classifier",
                "encoder   | embedding      | pairCol    | pairCol must not be set if encoderHead is embedding",
                "decoder   | yesNo          |            | pairCol must be set if encoderHead is yesNo, found none"
            })
    void refusesSettingsThatDoNotFit(String kind, String head, String param, String message) throws IOException {
        Path base = kind.equals("encoder") ? encoder() : SmallReranker.write(folder.resolve("decoder"));
        LoRATransformer model = transformer(base).setEncoderHead(head);
        Map<String, Consumer<LoRATransformer>> setters = Map.of(
                "pairCol", one -> one.setPairCol("other"),
                "promptName", one -> one.setPromptName("query"),
                "dimensions", one -> one.setDimensions(3));
        if (param != null) {
            requireNonNull(setters.get(param)).accept(model);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.transform(table()))
                .withMessageStartingWith(message);
    }

    @Test
    void refusesPromptsAndPairsThatCannotBeMeant() throws Exception {
        Path base = encoder();
        LoRATransformer model = transformer(base);
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> model.setPromptName("query").setPrompt("query: ").transform(table()))
                .withMessage(
                        "promptName and prompt must not both be set, found 'query' and 'query: '; clear one of them");
        model.clear(model.prompt());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.setPairCol("other").transform(table()))
                .withMessageStartingWith("promptName and prompt must not be set if pairCol is, found 'query'");
        model.clear(model.promptName());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.setPairCol("label").transform(table()))
                .withMessage("pairCol: the column 'label' must be a string, found int");
        Dataset<Row> tokens = table().withColumn("text", functions.expr("array(1, 2)"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.setPairCol("other").transform(tokens))
                .withMessageStartingWith(
                        "pairCol must not be set if featuresCol is not a column of texts, found 'other'");
        model.clear(model.pairCol());
        assertThatThrownBy(() -> embeddings(base, one -> one.setPromptName("own")))
                .hasStackTraceContaining("promptName must be one of the prompts of the folder, [passage, query], found"
                        + " 'own'; set another name, or set prompt to the words");
        assertThatThrownBy(() -> embeddings(
                        base, one -> one.setPrompt("where ".repeat(30)).setHandleInvalid("keep")))
                .hasStackTraceContaining("must leave room for a text, which is cut at");
        Path classifier = Phrases.encoder(folder, "encoder_classifier");
        LoRAClassificationModel pairs = new LoRAClassifier()
                .setBasePath(classifier.toString())
                .setFeaturesCol("text")
                .setPairCol("other")
                .setMaxIter(1)
                .fit(pairsOfPhrases());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pairs.predictRaw("w7"))
                .withMessageStartingWith("pairCol must not be set for a prediction of one row in the driver");
    }
}
