package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.functions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.spark.param.RoundListener;
import org.nd4j.linalg.api.buffer.DataType;

/** A driver that ends in the middle of a training, and another one that continues. */
@Tag("slow")
class CheckpointTest {
    private final Digits digits = new Digits(100);

    @TempDir
    Path folder;

    private String base;
    private Dataset<Row> table;

    @BeforeEach
    void prepare() {
        base = Digits.base(folder);
        table = digits.table(Sessions.local(), 2, 1);
    }

    private LoRAEstimator estimator(int localSteps) {
        return new LoRAEstimator()
                .setBasePath(base)
                .setIdCol("id")
                .setRank(2)
                .setDropout(0.2)
                .setBatchSize(30)
                .setEpochs(6)
                .setLearningRate(0.01)
                .setLocalSteps(localSteps)
                .setNumWorkers(2);
    }

    private LoRAEstimator withCheckpoints(int localSteps) {
        return estimator(localSteps)
                .setCheckpointPath(folder.resolve("states").toUri().toString())
                .setCheckpointInterval(2);
    }

    private static RoundListener failsAfter(long iteration) {
        return round -> {
            if (round.iteration() >= iteration) {
                throw new IllegalStateException("the driver ends");
            }
        };
    }

    private List<String> states() throws Exception {
        try (Stream<Path> files = Files.list(folder.resolve("states"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.startsWith("."))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void anotherDriverEndsWithTheSameBits(int localSteps) throws Exception {
        assertThatThrownBy(() ->
                        withCheckpoints(localSteps).setListener(failsAfter(15)).fit(table))
                .hasMessage("the driver ends");
        assertThat(states())
                .containsExactly(
                        localSteps == 0
                                ? new String[] {"step-000000000012.safetensors", "step-000000000014.safetensors"}
                                : new String[] {"step-000000000008.safetensors", "step-000000000012.safetensors"});
        List<Long> iterations = new ArrayList<>();
        LoRATransformer resumed = withCheckpoints(localSteps)
                .setListener(round -> iterations.add(round.iteration()))
                .fit(table);
        assertThat(iterations.get(0)).isEqualTo(localSteps == 0 ? 15 : 14);
        assertThat(resumed.adapter()).isEqualTo(estimator(localSteps).fit(table).adapter());
        assertThat(states()).isEmpty();
    }

    @Test
    void anotherTrainingDoesNotContinue() {
        assertThatThrownBy(() -> withCheckpoints(0).setListener(failsAfter(3)).fit(table))
                .hasMessage("the driver ends");
        assertThatThrownBy(() -> withCheckpoints(0).setLearningRate(0.02).fit(table))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(
                        "must be a checkpoint of a training with the same settings and rows, found other ones:"
                                + " learningRate is 0.02 now, and was 0.01; set another folder");
        base = Digits.base(folder, DataType.DOUBLE);
        assertThatThrownBy(() -> withCheckpoints(0).fit(table)).hasMessageContaining("found other ones: base is ");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void aTrainingOnOtherDataDoesNotContinue(int localSteps) {
        table = table.withColumn("label2", functions.expr("label"))
                .withColumn("features2", functions.expr("features"))
                .withColumn("id2", functions.expr("id"));
        assertThatThrownBy(() ->
                        withCheckpoints(localSteps).setListener(failsAfter(7)).fit(table))
                .hasMessage("the driver ends");
        Dataset<Row> same = table;
        assertOther(withCheckpoints(localSteps).setLabelCol("label2"), same, "labelCol is label2 now, and was label;");
        assertOther(
                withCheckpoints(localSteps).setFeaturesCol("features2"),
                same,
                "featuresCol is features2 now, and was features;");
        assertOther(withCheckpoints(localSteps).setIdCol("id2"), same, "idCol is id2 now, and was id;");
        LoRAEstimator withoutIds = withCheckpoints(localSteps);
        withoutIds.clear(withoutIds.idCol());
        assertOther(withoutIds, same, "idCol is not set now, and was id;");
        for (Dataset<Row> other : List.of(
                same.withColumn("label", functions.expr("if(id = 17, (label + 1) % 4, label)")),
                same.withColumn("id", functions.expr("if(id = 17, 18, if(id = 18, 17, id))")),
                new Digits(101).table(Sessions.local(), 2, 1).filter("id > 0"))) {
            assertOther(withCheckpoints(localSteps), other, "found other ones: rows is 100 with the hash ");
        }
    }

    private static void assertOther(LoRAEstimator estimator, Dataset<Row> rows, String difference) {
        assertThatThrownBy(() -> estimator.fit(rows))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("with the same settings and rows, found other ones: ")
                .hasMessageContaining(difference);
    }

    @Test
    void aTableInAnotherOrderAndOnOtherWorkersIsTheSame() {
        assertThatThrownBy(() -> withCheckpoints(0).setListener(failsAfter(7)).fit(table))
                .hasMessage("the driver ends");
        List<Long> iterations = new ArrayList<>();
        withCheckpoints(0)
                .setNumWorkers(3)
                .setListener(round -> iterations.add(round.iteration()))
                .fit(digits.table(Sessions.local(), 5, 8));
        assertThat(iterations.get(0)).isEqualTo(7);
    }

    @Test
    void otherWorkersOrAnotherAggregationDoNotContinueLocalSteps() {
        assertThatThrownBy(() -> withCheckpoints(2).setListener(failsAfter(7)).fit(table))
                .hasMessage("the driver ends");
        assertOther(withCheckpoints(2).setNumWorkers(3), table, "workers is 3 now, and was 2");
        assertOther(withCheckpoints(2).setAggregation("cat"), table, "aggregation is cat now, and was average");
    }

    /** The last round is never skipped, because only the results of its workers can be aggregated. */
    @ParameterizedTest
    @ValueSource(strings = {"cat", "svd", "average"})
    void aTrainingThatEndsInItsLastRoundIsAggregated(String aggregation) {
        LoRAEstimator estimator = withCheckpoints(3)
                .setAggregation(aggregation)
                .setCheckpointInterval(1)
                .setMaxIter(12);
        assertThatThrownBy(() -> estimator.setListener(failsAfter(12)).fit(table))
                .hasMessage("the driver ends");
        LoRATransformer resumed = estimator.setListener(round -> {}).fit(table);
        LoRATransformer whole =
                estimator(3).setAggregation(aggregation).setMaxIter(12).fit(table);
        assertThat(resumed.adapter()).isEqualTo(whole.adapter());
        assertThat(resumed.adapter().config().rank()).isEqualTo(aggregation.equals("cat") ? 4 : 2);
    }

    @Test
    void aTrainingThatEndsBeforeItsCheckpointIsRefused() {
        LoRAEstimator estimator = withCheckpoints(2).setAggregation("cat").setCheckpointInterval(1);
        assertThatThrownBy(() -> estimator.setListener(failsAfter(10)).fit(table))
                .hasMessage("the driver ends");
        assertThatThrownBy(
                        () -> estimator.setMaxIter(8).setListener(round -> {}).fit(table))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("must be one before the last step, 8, found one after step 8");
    }
}
