package org.lora4j.spark;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.spark.internal.train.FactorGap;
import org.lora4j.spark.param.TrainingRound;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Workers that take several steps alone. */
class LocalStepsTest {
    private final Digits digits = new Digits(120);
    private final List<TrainingRound> rounds = new ArrayList<>();

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
                .setBatchSize(30)
                .setEpochs(5)
                .setOptimizer("sgd")
                .setLearningRate(0.1)
                .setLocalSteps(localSteps)
                .setNumWorkers(3)
                .setListener(rounds::add);
    }

    private static LoRAWeights layer(LoRAAdapter adapter, String path) {
        return requireNonNull(adapter.weights().get(path));
    }

    private static INDArray delta(LoRAAdapter adapter, String path) {
        return adapter.delta(Digits.network().linear(path));
    }

    /** The average of the results of one step of SGD is the step of the average gradient. */
    @Test
    void oneStepOfSgdIsExact() {
        LoRAAdapter local = estimator(1).fit(table).adapter();
        assertThat(rounds).hasSize(20);
        assertThat(Adapters.difference(local, estimator(0).fit(table).adapter()))
                .isLessThan(1e-6);
    }

    @Test
    @Tag("slow")
    void fewerRoundsTakeAsManySteps() {
        LoRAEstimator estimator = estimator(7).setOptimizer("adam").setLearningRate(0.02);
        LoRAAdapter first = estimator.fit(table).adapter();
        assertThat(rounds.stream().map(TrainingRound::iteration)).containsExactly(7L, 14L, 20L);
        assertThat(rounds.stream().map(TrainingRound::rows)).containsExactly(210L, 210L, 180L);
        assertThat(rounds.get(2).loss()).isLessThan(rounds.get(0).loss());
        assertThat(rounds).allSatisfy(round -> assertThat(round.gap()).isBetween(1e-6, 1.0));
        assertThat(estimator.fit(table).adapter()).isEqualTo(first);
    }

    @Tag("slow")
    @Test
    void theExactAggregationIsTheAverageOfTheUpdates() {
        LoRAEstimator estimator = estimator(20).setOptimizer("adam").setLearningRate(0.02);
        LoRAAdapter average = estimator.fit(table).adapter();
        LoRAAdapter cat = estimator.setAggregation("cat").fit(table).adapter();
        LoRAAdapter svd = estimator.setAggregation("svd").fit(table).adapter();
        assertThat(layer(cat, "first").rank()).isEqualTo(6);
        assertThat(layer(svd, "first").rank()).isEqualTo(2);
        double gap = 0;
        double norm = 0;
        for (String path : List.of("first", "second")) {
            gap += Math.pow(
                    delta(cat, path).sub(delta(average, path)).norm2Number().doubleValue(), 2);
            norm += Math.pow(delta(cat, path).norm2Number().doubleValue(), 2);
            // No adapter of this rank is nearer to the exact average.
            assertThat(delta(cat, path).distance2(delta(svd, path)))
                    .isLessThan(delta(cat, path).distance2(delta(average, path)) + 1e-6);
        }
        assertThat(rounds.get(0).gap())
                .isCloseTo(Math.sqrt(gap / norm), within(1e-5))
                .isGreaterThan(0);
    }

    @Tag("slow")
    @Test
    void refusesAnExactAggregationOfMoreThanFactorsBeforeTheTraining() {
        LoRAConfig dora = LoRAConfig.builder().dora(true).build();
        LoRAEstimator estimator = estimator(2).setLoraConfig(dora).setAggregation("svd");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> estimator.fit(table))
                .withMessageStartingWith("aggregation must be 'average' if the adapter has DoRA");
        assertThat(rounds).isEmpty();
        assertThat(estimator
                        .setAggregation("average")
                        .fit(table)
                        .adapter()
                        .config()
                        .dora())
                .isTrue();
    }

    @Test
    void equalFactorsHaveNoGap() {
        LoRAConfig config = LoRAConfig.builder().rank(2).init(LoRAInit.random()).build();
        LoRAAdapter adapter = LoRAModel.of(Digits.network()).add("a", config).adapter();
        assertThat(FactorGap.of(List.of(adapter, adapter), new double[] {0.3, 0.7}))
                .isCloseTo(0, within(1e-7));
        LoRAConfig other = config.toBuilder().seed(1).build();
        LoRAAdapter second = LoRAModel.of(Digits.network()).add("a", other).adapter();
        double half = FactorGap.of(List.of(adapter, second), new double[] {0.5, 0.5});
        double squares = 0;
        double norm = 0;
        for (String path : List.of("first", "second")) {
            LoRAWeights a = layer(adapter, path);
            LoRAWeights b = layer(second, path);
            INDArray exact = a.factors()
                    .b()
                    .mmul(a.factors().a())
                    .add(b.factors().b().mmul(b.factors().a()))
                    .div(2);
            INDArray averaged = a.factors()
                    .b()
                    .add(b.factors().b())
                    .div(2)
                    .mmul(a.factors().a().add(b.factors().a()).div(2));
            squares += Math.pow(exact.distance2(averaged), 2);
            norm += Math.pow(exact.norm2Number().doubleValue(), 2);
        }
        assertThat(half).isCloseTo(Math.sqrt(squares / norm), within(1e-5));
    }
}
