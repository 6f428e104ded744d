package org.lora4j.spark;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.ProcessorTime;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.spark.internal.base.RowTexts;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Encoders of the BERT family as the base. */
@Tag("slow")
class EncoderTest {
    private static final int BATCH = 16;
    private static final int EPOCHS = 5;

    /** The last batch has 8 rows. */
    private final Phrases phrases = new Phrases(72);

    @TempDir
    Path folder;

    private Path base;
    private Dataset<Row> table;

    @BeforeEach
    void prepare() {
        base = Phrases.encoder(folder);
        table = phrases.table(Sessions.local(), 3);
    }

    private LoRAEstimator estimator(int workers) {
        return new LoRAEstimator()
                .setBasePath(base.toString())
                .setFeaturesCol("tokens")
                .setIdCol("id")
                .setNumLabels(Phrases.CLASSES)
                .setRank(2)
                .setDropout(0.1)
                .setTargetModules("query", "value")
                .setBatchSize(BATCH)
                .setEpochs(EPOCHS)
                .setLearningRate(0.01)
                .setNumWorkers(workers);
    }

    private static LoRAConfig config() {
        return LoRAConfig.builder()
                .rank(2)
                .dropout(0.1)
                .targetModules("query", "value")
                .modulesToSave("classifier")
                .build();
    }

    private LoRAAdapter onOneMachine(Network network, String optimizer) {
        AdapterView view = LoRAModel.of(network).add("a", config());
        Trainer.builder(view)
                .updater(OptimizerName.of(optimizer).updater(0.01, 0.01))
                .epochs(EPOCHS)
                .build()
                .fit(phrases.batches(BATCH));
        return view.adapter();
    }

    private LoRAAdapter onOneMachine() {
        return onOneMachine(Phrases.load(base).classifier(Phrases.CLASSES, 0), "adam");
    }

    private static double difference(LoRAAdapter a, LoRAAdapter b) {
        assertThat(a.savedModules().keySet())
                .isEqualTo(b.savedModules().keySet())
                .isNotEmpty();
        return Adapters.difference(a, b);
    }

    /** A token outside the vocabulary, a negative one, one of more than 32 bits, and more tokens than positions. */
    @Test
    void rowsWithTokensThatTheEncoderCannotReadAreLeftOut() {
        Dataset<Row> broken = table.withColumn(
                "tokens",
                functions.expr("case id when 3 then array(1L, 1000000L) when 20 then array(1L, -1L)"
                        + " when 40 then array(1L, 5000000000L) when 60 then array_repeat(1L, 100000)"
                        + " else cast(tokens as array<bigint>) end"));
        LoRAAdapter expected =
                estimator(2).fit(table.filter("id not in (3, 20, 40, 60)")).adapter();
        LoRATransformer trained = estimator(2).setHandleInvalid("skip").fit(broken);
        assertThat(trained.adapter()).isEqualTo(expected);
        assertThatThrownBy(() -> estimator(2).fit(broken)).hasStackTraceContaining("The row has the id");
        trained.setHandleInvalid("keep");
        assertThat(trained.transform(broken).filter("output is null").select("id").collectAsList().stream()
                        .map(row -> row.getLong(0)))
                .containsExactlyInAnyOrder(3L, 20L, 40L, 60L);
    }

    @ParameterizedTest
    @CsvSource({"adam, 1", "adam, 3", "sgd, 2", "adamw, 17"})
    void equalsATrainingOnOneMachineWithDropout(String optimizer, int workers) {
        LoRAAdapter trained =
                estimator(workers).setOptimizer(optimizer).fit(table).adapter();
        Network network = Phrases.load(base).classifier(Phrases.CLASSES, 0);
        LoRAAdapter expected = onOneMachine(network, optimizer);
        double difference = difference(trained, expected);
        System.out.println("difference of an encoder, " + optimizer + ", " + workers + " workers: " + difference);
        assertThat(difference).isLessThan(1e-6);
        INDArray before = network.linear("classifier").weight();
        INDArray after =
                requireNonNull(trained.savedModules().get("classifier")).weight();
        assertThat(after.distance2(before)).isGreaterThan(1e-3);
    }

    @ParameterizedTest
    @CsvSource({"tokens, ''", "padded, mask", "text, ''"})
    void takesTokensPaddedTokensAndTexts(String column, String mask) {
        LoRAEstimator estimator = estimator(2).setFeaturesCol(column);
        if (!mask.isEmpty()) {
            estimator.setMaskCol(mask);
        }
        LoRATransformer model = estimator.fit(table);
        assertThat(difference(model.adapter(), onOneMachine())).isLessThan(1e-6);
        AdapterView view = LoRAModel.of(Phrases.load(base).classifier(Phrases.CLASSES, 0))
                .add("a", requireNonNull(model.bytes()).adapter());
        List<Row> rows = model.transform(table).filter("id < 20").collectAsList();
        assertThat(rows).hasSize(20);
        for (Row row : rows) {
            INDArray expected = view.predict(Sequences.of(phrases.ids((int) row.getLong(0))));
            assertThat(floats(row)).usingComparatorWithPrecision(1e-5f).containsExactly(expected.toFloatVector());
        }
    }

    private static float[] floats(Row row) {
        List<Float> list = row.getList(row.fieldIndex("output"));
        float[] values = new float[list.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = list.get(i);
        }
        return values;
    }

    @Test
    void localStepsDropTheSameElements() {
        LoRAAdapter oneStep =
                estimator(3).setOptimizer("sgd").setLocalSteps(1).fit(table).adapter();
        Network network = Phrases.load(base).classifier(Phrases.CLASSES, 0);
        assertThat(difference(oneStep, onOneMachine(network, "sgd"))).isLessThan(1e-6);
    }

    @Test
    void theClassifierOfTheFileIsTheHeadIfThereIsNoNewOne() {
        base = Phrases.encoder(folder, "encoder_classifier");
        LoRAEstimator estimator = estimator(2).setLoraConfig(config());
        estimator.clear(estimator.numLabels());
        LoRATransformer model = estimator.fit(table);
        Network network = Phrases.load(base).classifier();
        assertThat(difference(model.adapter(), onOneMachine(network, "adam"))).isLessThan(1e-6);
    }

    @ParameterizedTest
    @CsvSource({"meanClassifier, 3", "embedding, 24"})
    void anEncoderHasOtherHeads(String head, int width) {
        LoRATransformer model = estimator(2)
                .setEncoderHead(head)
                .setLoss("meanSquaredError")
                .setLabelCol("target")
                .fit(table.withColumn("target", functions.expr("array_repeat(0.1, " + width + ")")));
        Row row = model.transform(table).first();
        assertThat(floats(row)).hasSize(width);
        assertThat(model.adapter().savedModules()).hasSize(head.equals("embedding") ? 0 : 1);
    }

    @Test
    void theFolderDecidesThePoolingOfAnEmbedding() throws Exception {
        Files.createDirectories(base.resolve("1_Pooling"));
        Path pooling = base.resolve("1_Pooling").resolve("config.json");
        Files.writeString(pooling, "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}");
        LoRAEstimator estimator = estimator(2)
                .setEncoderHead("embedding")
                .setLoss("meanSquaredError")
                .setLabelCol("target");
        Dataset<Row> withTarget = table.withColumn("target", functions.expr("array_repeat(0.1, 24)"));
        LoRATransformer model = estimator.fit(withTarget);
        AdapterView view = LoRAModel.of(Phrases.load(base).sentenceEmbeddings())
                .add("a", requireNonNull(model.bytes()).adapter());
        Dataset<Row> scored = model.transform(table);
        assertThat(scored.columns()).contains("output").doesNotContain("prediction");
        List<Row> rows = scored.filter("id < 10").collectAsList();
        assertThat(rows).hasSize(10);
        for (Row row : rows) {
            Sequences x = Sequences.of(phrases.ids((int) row.getLong(0)));
            INDArray states = LoRAModel.of(Phrases.load(base).lastHiddenState())
                    .add("a", requireNonNull(model.bytes()).adapter())
                    .predict(x);
            INDArray first = states.getRow(0);
            assertThat(floats(row))
                    .usingComparatorWithPrecision(1e-5f)
                    .containsExactly(first.div(first.norm2Number()).toFloatVector())
                    .containsExactly(view.predict(x).toFloatVector());
        }
        Files.writeString(pooling, "{\"pooling_mode\": \"mean\", \"include_prompt\": false}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator.fit(withTarget))
                .withMessageStartingWith(
                        "featuresCol must be a column of texts if include_prompt of the pooling is false");
        Files.writeString(pooling, "{\"pooling_mode_middle_token\": true}");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator.fit(withTarget))
                .withMessageContaining("found 'pooling_mode_middle_token'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "tokenizer.json", "1_Pooling/config.json", "modules.json"})
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void aPipeOrADeviceInTheFolderIsRefused(String name) throws Exception {
        Path file = base.resolve(name);
        Files.createDirectories(requireNonNull(file.getParent()));
        Files.deleteIfExists(file);
        assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                .isZero();
        assertRefused();
        Files.delete(file);
        Files.createSymbolicLink(file, Path.of("/dev/zero"));
        assertRefused();
        Files.delete(file);
    }

    private void assertRefused() {
        ProcessorTime.limit(
                Duration.ofSeconds(60),
                () -> assertThatThrownBy(() -> estimator(2).fit(table))
                        .hasMessageContaining("must be a regular file, found a device, a pipe or a socket"));
    }

    /** One adapter has factors only, one a classifier of its own, and one is DoRA. */
    private LoRAModel saveTenants() throws Exception {
        LoRAModel model = LoRAModel.of(Phrases.load(base).classifier(Phrases.CLASSES, 0));
        for (int i = 0; i < 3; i++) {
            AdapterView view = model.add(
                    "tenant" + i,
                    LoRAConfig.builder()
                            .rank(2)
                            .targetModules("query", "value")
                            .init(LoRAInit.random())
                            .dora(i == 2)
                            .seed(i)
                            .modulesToSave(i == 1 ? List.of("classifier") : List.of())
                            .build());
            view.parameters().forEach(parameter -> parameter.value().addi(0.1));
            view.save(folder.resolve("adapters").resolve("tenant" + i));
        }
        return model;
    }

    private LoRATransformer transformer() {
        return new LoRATransformer()
                .setBasePath(base.toString())
                .setNumLabels(Phrases.CLASSES)
                .setAdapterCol("tenant")
                .setAdapterFolder(folder.resolve("adapters").toString());
    }

    @ParameterizedTest
    @CsvSource({"tokens, 1", "tokens, 7", "text, 100"})
    void computesEachSequenceWithItsAdapter(String column, int batchSize) throws Exception {
        LoRAModel model = saveTenants();
        Dataset<Row> some = table.withColumn("tenant", functions.expr("if(id % 5 = 0, null, tenant)"));
        List<Row> rows = transformer()
                .setFeaturesCol(column)
                .setBatchSize(batchSize)
                .transform(some)
                .collectAsList();
        assertThat(rows).hasSize(72);
        for (Row row : rows) {
            Sequences x = Sequences.of(phrases.ids((int) row.getLong(0)));
            String tenant = row.getAs("tenant");
            INDArray y = tenant == null
                    ? model.base().predict(x)
                    : model.using(tenant).predict(x);
            assertThat(floats(row)).usingComparatorWithPrecision(1e-5f).containsExactly(y.toFloatVector());
        }
    }

    @Test
    void textsAreCut() throws Exception {
        saveTenants();
        Dataset<Row> cut = transformer().setFeaturesCol("text").setMaxTokens(5).transform(table);
        Dataset<Row> expected = transformer()
                .setFeaturesCol("short")
                .transform(table.withColumn(
                        "short",
                        functions.expr("if(size(tokens) > 5, concat(slice(tokens, 1, 4), array(2)), tokens)")));
        assertThat(cut.orderBy("id").select("output").collectAsList())
                .isEqualTo(expected.orderBy("id").select("output").collectAsList());
    }

    @Test
    void aSavedTransformerHasTheSettingsOfTheEncoder() throws Exception {
        LoRATransformer model = estimator(2)
                .setFeaturesCol("text")
                .setMaxTokens(9)
                .setEncoderHead("meanClassifier")
                .setFingerprintCheck("require")
                .fit(table);
        model.save(folder.resolve("model").toString());
        LoRATransformer loaded = LoRATransformer.load(folder.resolve("model").toString());
        assertThat(loaded.explainParams()).isEqualTo(model.explainParams()).contains("current: meanClassifier");
        assertThat(loaded.transform(table).orderBy("id").collectAsList())
                .isEqualTo(model.transform(table).orderBy("id").collectAsList());
    }

    /** 3 has a token that the vocabulary has not, and 5 more tokens than positions. */
    @Test
    void tokensThatAnEncoderCannotTakeSpoilTheirRowOnly() throws Exception {
        saveTenants();
        Dataset<Row> broken = table.withColumn(
                "tokens",
                functions.expr(
                        "CASE id WHEN 3 THEN array(int(1000000)) WHEN 5 THEN array_repeat(int(1), 17) ELSE tokens END"));
        assertThat(transformer()
                        .setFeaturesCol("tokens")
                        .setIdCol("id")
                        .setHandleInvalid("keep")
                        .transform(broken)
                        .filter("reason like 'a row cannot be computed: %'")
                        .orderBy("id")
                        .select("id")
                        .collectAsList())
                .extracting(row -> row.getLong(0))
                .containsExactly(3L, 5L);
        assertThatThrownBy(() -> transformer()
                        .setFeaturesCol("tokens")
                        .setIdCol("id")
                        .transform(broken)
                        .collectAsList())
                .hasStackTraceContaining("The row has the id ");
    }

    @Test
    void refusesWhatAnEncoderCannotTake() throws Exception {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator(2)
                        .setFeaturesCol("features")
                        .fit(table.withColumn("features", functions.expr("transform(tokens, x -> double(x))"))))
                .withMessage("featuresCol: the column 'features' must be an array<int> or an array<bigint>, found"
                        + " array<double>");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator(2).setMaskCol("text").fit(table))
                .withMessageStartingWith("maskCol: the column 'text' must be an array<int>");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        estimator(2).setFeaturesCol("text").setMaskCol("mask").fit(table))
                .withMessageStartingWith("maskCol must not be set if featuresCol is not a column of tokens");
        LoRAEstimator withoutLabels = estimator(2);
        withoutLabels.clear(withoutLabels.numLabels());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> withoutLabels.fit(table))
                .withMessageStartingWith("numLabels must be set if the encoder's file has no classifier for encoderHead"
                        + " 'classifier', found none");
        assertThatThrownBy(() -> estimator(2).setMaskCol("mask").fit(table))
                .hasMessageContaining("maskCol: the mask of a row must have");
        assertThatThrownBy(() -> estimator(2).fit(table.withColumn("tokens", functions.expr("slice(tokens, 1, 0)"))))
                .hasMessageContaining("featuresCol: the tokens of a row must be at least one, found none");
        assertThatThrownBy(() ->
                        estimator(2).setFeaturesCol("text").setMaxTokens(17).fit(table))
                .hasMessageContaining("maxTokens must be between 1 and the 16 positions of the model, found 17");
        assertThatThrownBy(() -> estimator(2).setFeaturesCol("text").fit(table.withColumn("text", functions.lit("  "))))
                .hasMessageContaining("featuresCol: each text must have at least one token, found none");
        Files.delete(base.resolve("tokenizer.json"));
        assertThatThrownBy(() -> estimator(2).setFeaturesCol("text").fit(table))
                .hasMessageContaining("must have the file tokenizer.json if featuresCol has texts, found none");
    }

    @Test
    void refusesTextsForANetworkOfFeatures() {
        LoRAEstimator estimator = estimator(2).setBasePath(Digits.base(folder)).setFeaturesCol("text");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator.fit(table))
                .withMessageStartingWith("numLabels must not be set if basePath is the file of a network, found '3'");
        estimator.clear(estimator.numLabels());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator.fit(table))
                .withMessageStartingWith("featuresCol: the column 'text' must be a vector, an array<float>");
    }

    @Test
    void saysWhichLibraryTextsNeed() {
        RowTexts.requireLibrary(getClass().getClassLoader());
        assertThatThrownBy(() -> RowTexts.requireLibrary(ClassLoader.getPlatformClassLoader()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("needs the libraries org.lora4j:lora-text and ai.djl.huggingface:tokenizers");
    }
}
