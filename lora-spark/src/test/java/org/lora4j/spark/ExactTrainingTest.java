package org.lora4j.spark;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.BaseNetwork;
import org.lora4j.spark.internal.base.EncoderSettings;
import org.lora4j.spark.internal.base.SentFile;
import org.lora4j.spark.internal.param.OptimizerName;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.param.TrainingRound;
import org.lora4j.train.DivergedException;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;

/** A training on Spark against one on a single machine with the same batches. */
@Tag("slow")
class ExactTrainingTest {
    private static final int BATCH = 40;
    private static final int EPOCHS = 10;
    private static final double LEARNING_RATE = 0.01;

    /** The last batch has 10 rows. */
    private final Digits digits = new Digits(170);

    @TempDir
    Path folder;

    private String base;

    @BeforeEach
    void saveBase() {
        base = Digits.base(folder);
    }

    private LoRAEstimator estimator(LoRAConfig config, int workers) {
        return new LoRAEstimator()
                .setBasePath(base)
                .setIdCol("id")
                .setLoraConfig(config)
                .setBatchSize(BATCH)
                .setEpochs(EPOCHS)
                .setLearningRate(LEARNING_RATE)
                .setNumWorkers(workers);
    }

    private Dataset<Row> table() {
        return digits.table(Sessions.local(), 3, 1);
    }

    private static LoRAConfig config(String variant) {
        return switch (variant) {
            case "dropout" -> LoRAConfig.builder().rank(2).dropout(0.3).seed(5).build();
            case "dora" -> LoRAConfig.builder().rank(2).dora(true).build();
            case "biases" ->
                LoRAConfig.builder()
                        .rank(2)
                        .bias(BiasTraining.ALL)
                        .targetModules("first")
                        .build();
            case "pissa" -> LoRAConfig.builder().rank(2).init(LoRAInit.pissa()).build();
            default -> LoRAConfig.builder().rank(2).build();
        };
    }

    private LoRAAdapter onOneMachine(String optimizer, LoRAConfig config, DataType type) {
        AdapterView view = LoRAModel.of(Digits.network(type)).add("a", config);
        Trainer.builder(view)
                .updater(OptimizerName.of(optimizer).updater(LEARNING_RATE, 0.01))
                .epochs(EPOCHS)
                .build()
                .fit(digits.batches(BATCH, type));
        return view.adapter();
    }

    private LoRAAdapter onOneMachine() {
        return onOneMachine("adam", config("plain"), DataType.FLOAT);
    }

    @ParameterizedTest
    @CsvSource({
        "sgd, plain, 2",
        "sgd, dropout, 3",
        "adam, plain, 1",
        "adam, plain, 2",
        "adam, dropout, 2",
        "adamw, dropout, 5",
        "adam, dora, 2",
        "adamw, biases, 2"
    })
    void equalsATrainingOnOneMachine(String optimizer, String variant, int workers) {
        LoRAConfig config = config(variant);
        LoRAAdapter trained =
                estimator(config, workers).setOptimizer(optimizer).fit(table()).adapter();
        LoRAAdapter expected = onOneMachine(optimizer, config, DataType.FLOAT);
        double difference = Adapters.difference(trained, expected);
        System.out.println(
                "difference of FLOAT, " + optimizer + ", " + variant + ", " + workers + " workers: " + difference);
        assertThat(difference).isLessThan(1e-6);
        double moved = Adapters.difference(
                LoRAModel.of(Digits.network()).add("a", config).adapter(), expected);
        assertThat(moved).isGreaterThan(5e-3);
    }

    /** In double nothing hides behind rounding. */
    @ParameterizedTest
    @CsvSource({
        "sgd, dropout, 3",
        "momentum, plain, 2",
        "rmsprop, plain, 2",
        "adam, pissa, 2",
        "adamw, biases, 3",
        // More workers than rows of a batch: some have no rows at all.
        "adam, dora, 47"
    })
    void equalsATrainingInDoubleOnOneMachine(String optimizer, String variant, int workers) throws Exception {
        base = Digits.base(folder, DataType.DOUBLE);
        LoRAConfig config = config(variant);
        AdapterBytes bytes = requireNonNull(
                estimator(config, workers).setOptimizer(optimizer).fit(table()).bytes());
        double difference = Adapters.difference(
                bytes.adapter(Digits.network(DataType.DOUBLE), ReadOptions.of(FingerprintCheck.REQUIRE)),
                onOneMachine(optimizer, config, DataType.DOUBLE));
        System.out.println(
                "difference of DOUBLE, " + optimizer + ", " + variant + ", " + workers + " workers: " + difference);
        assertThat(difference).isLessThan(1e-10);
    }

    @Test
    void givesTheSameBitsInEachRun() {
        LoRAEstimator estimator = estimator(config("dropout"), 3);
        LoRAAdapter first = estimator.fit(table()).adapter();
        assertThat(estimator.fit(table()).adapter()).isEqualTo(first);
        // However the rows lie.
        assertThat(estimator.fit(digits.table(Sessions.local(), 7, 2)).adapter())
                .isEqualTo(first);
    }

    @Test
    void addsLargeGradientsInGroupsWithTheSameBitsInEachRun() {
        LoRAEstimator estimator = estimator(config("plain"), 7).setTreeReduceBytes(0);
        LoRAAdapter first = estimator.fit(table()).adapter();
        assertThat(Adapters.difference(first, onOneMachine())).isLessThan(1e-6);
        assertThat(estimator.fit(table()).adapter()).isEqualTo(first);
    }

    @Test
    void ordersRowsByTheirContentIfThereAreNoIds() {
        LoRAEstimator estimator = estimator(config("plain"), 2);
        estimator.clear(estimator.idCol());
        LoRAAdapter first = estimator.fit(table()).adapter();
        assertThat(estimator.fit(digits.table(Sessions.local(), 5, 9)).adapter())
                .isEqualTo(first);
        assertThat(estimator.setSeed(1).fit(table()).adapter()).isNotEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(strings = {"features", "array"})
    void readsVectorsAndArrays(String column) {
        LoRAEstimator estimator = estimator(config("plain"), 2).setFeaturesCol(column);
        assertThat(Adapters.difference(estimator.fit(table()).adapter(), onOneMachine()))
                .isLessThan(1e-6);
    }

    @Test
    void takesPartitionsWithoutRows() {
        Dataset<Row> some = table().filter("id < 30");
        LoRAAdapter trained = estimator(config("plain"), 4).fit(some).adapter();
        LoRAAdapter again = estimator(config("plain"), 4).fit(some.coalesce(1)).adapter();
        assertThat(trained).isEqualTo(again);
    }

    @Test
    void tellsOfEachRound() {
        List<TrainingRound> rounds = new ArrayList<>();
        estimator(config("plain"), 2).setEpochs(2).setListener(rounds::add).fit(table());
        assertThat(rounds).hasSize(10);
        assertThat(rounds.get(4).rows()).isEqualTo(10);
        assertThat(rounds.get(9).iteration()).isEqualTo(10);
        assertThat(rounds.get(9).epoch()).isEqualTo(2);
        assertThat(rounds.get(9).loss()).isLessThan(rounds.get(4).loss());
        assertThat(rounds.get(9).gap()).isZero();
    }

    @Test
    void clipsTheGradientsOfAllWorkersTogether() {
        LoRAEstimator estimator =
                estimator(config("plain"), 3).setOptimizer("sgd").setClipNorm(0.01);
        AdapterView view = LoRAModel.of(Digits.network()).add("a", config("plain"));
        Trainer.builder(view)
                .updater(OptimizerName.SGD.updater(LEARNING_RATE, 0))
                .clipNorm(0.01)
                .epochs(EPOCHS)
                .build()
                .fit(digits.batches(BATCH, DataType.FLOAT));
        assertThat(Adapters.difference(estimator.fit(table()).adapter(), view.adapter()))
                .isLessThan(1e-6);
    }

    @Test
    void readsTheBaseByItsPathIfItIsTooLarge() throws Exception {
        var hadoop = Sessions.local().sessionState().newHadoopConf();
        EncoderSettings encoder = BaseColumns.encoder(new LoRAEstimator());
        BaseNetwork byPath = BaseNetwork.read(base, encoder, hadoop, 10, false);
        assertThat(byPath.isBroadcast()).isFalse();
        assertThat(BaseNetwork.read(base, encoder, hadoop, SentFile.MOST_BYTES, false)
                        .isBroadcast())
                .isTrue();
        assertThat(byPath.network().linear("second").weight())
                .isEqualTo(Digits.network().linear("second").weight());
    }

    @Test
    void aParameterThatIsNotFiniteEndsTheTraining() {
        assertThatThrownBy(() -> estimator(config("plain"), 2)
                        .setOptimizer("sgd")
                        .setLearningRate(1e38)
                        .fit(table()))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining("at iteration 2");
    }

    @Test
    void refusesFeaturesThatTheNetworkCannotHold() {
        assertThatThrownBy(() -> estimator(config("plain"), 2)
                        .setFeaturesCol("large")
                        .fit(table().withColumn("large", functions.expr("array_repeat(1e300D, 12)"))))
                .hasStackTraceContaining("must have finite numbers of type FLOAT, found 1.0E300 at index 0");
    }

    @Test
    void refusesRowsThatDoNotFit() {
        LoRAEstimator estimator = estimator(config("plain"), 2);
        assertThatThrownBy(() -> estimator.fit(table().withColumn("id", functions.lit(1))))
                .hasMessageContaining("idCol: the ids must differ and not be null, found 1 twice");
        assertThatThrownBy(() -> estimator.fit(table().withColumn("label", functions.lit(4))))
                .hasMessageContaining("must be the number of a class, from 0 to 3, found 4.0");
        assertThatThrownBy(() -> estimator.fit(table().withColumn("label", functions.lit(0.5))))
                .hasMessageContaining("found 0.5");
        assertThatThrownBy(() -> estimator
                        .setFeaturesCol("array")
                        .fit(table().withColumn("array", functions.expr("slice(array, 1, 5)"))))
                .hasMessageContaining("the features of a row must have 12 numbers, as the network has, found 5");
        assertThatThrownBy(() -> estimator.fit(table().filter("id < 0")))
                .hasMessage("the table must have at least one row, found none");
    }
}
