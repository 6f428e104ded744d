package org.lora4j.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.algebra.AdapterSamples.a;
import static org.lora4j.algebra.AdapterSamples.adapter;
import static org.lora4j.algebra.AdapterSamples.b;
import static org.lora4j.algebra.AdapterSamples.delta;
import static org.lora4j.algebra.AdapterSamples.distance;
import static org.lora4j.algebra.AdapterSamples.layer;
import static org.lora4j.algebra.AdapterSamples.norm;
import static org.lora4j.algebra.AdapterSamples.tolerance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.linalg.Svd;
import org.lora4j.random.DoubleRange;
import org.lora4j.random.IntRange;
import org.lora4j.random.RandomTest;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares combinations that prune or elect signs with their definitions, written out. */
@Tag("numbers")
class AdapterPruningTest {
    private static final DataType D = DataType.DOUBLE;
    private static final TargetRank FULL = TargetRank.of(100);

    @RandomTest(tries = 25)
    void tiesAndPruningOfFactorsFollowTheirDefinitions(
            @IntRange(min = 1, max = 7) int out,
            @IntRange(min = 1, max = 7) int in,
            @IntRange(min = 1, max = 4) int rank,
            @DoubleRange(min = 0.1, max = 1) double density,
            @DoubleRange(min = -2, max = 2) double w1,
            @DoubleRange(min = -2, max = 2) double w2,
            @DoubleRange(min = -2, max = 2) double w3,
            AdapterCombination.MajoritySign sign,
            boolean isFloat,
            long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        List<LoRAAdapter> adapters = adapters(type, seed, out, in, rank);
        List<Double> w = List.of(w1, w2, w3);
        AdapterCombination combination = combination(adapters, w);
        List<INDArray> as = new ArrayList<>();
        List<INDArray> bs = new ArrayList<>();
        List<Double> onA = new ArrayList<>();
        List<Double> onB = new ArrayList<>();
        for (int i = 0; i < w.size(); i++) {
            LoRAAdapter adapter = adapters.get(i);
            as.add(largest(a(adapter), density));
            bs.add(largest(b(adapter), density));
            double root = Math.sqrt(Math.abs(w.get(i)) * adapter.config().scaleOf("fc"));
            onA.add(root);
            onB.add(Math.signum(w.get(i)) * root);
        }

        LoRAAdapter ties = combination.ties(density, sign);
        LoRAAdapter pruned = combination.magnitudePrune(density);

        assertNear(a(ties), elected(as, onA, sign), type);
        assertNear(b(ties), elected(bs, onB, sign), type);
        assertNear(a(pruned), sum(as, onA), type);
        assertNear(b(pruned), sum(bs, onB), type);
        assertThat(pruned.config().scaleOf("fc")).isOne();
    }

    @RandomTest(tries = 25)
    void tiesAndPruningOfDeltasFollowTheirDefinitions(
            @IntRange(min = 1, max = 7) int out,
            @IntRange(min = 1, max = 7) int in,
            @IntRange(min = 1, max = 4) int rank,
            @DoubleRange(min = 0.1, max = 1) double density,
            @DoubleRange(min = -2, max = 2) double w1,
            @DoubleRange(min = -2, max = 2) double w2,
            @DoubleRange(min = -2, max = 2) double w3,
            AdapterCombination.MajoritySign sign,
            boolean isFloat,
            long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        List<LoRAAdapter> adapters = adapters(type, seed, out, in, rank);
        List<Double> w = List.of(w1, w2, w3);
        AdapterCombination combination = combination(adapters, w);
        List<INDArray> deltas = adapters.stream()
                .map(adapter -> largest(delta(adapter), density))
                .toList();

        assertNear(delta(combination.tiesSvd(FULL, density, sign).adapter()), elected(deltas, w, sign), type);
        assertNear(delta(combination.magnitudePruneSvd(FULL, density).adapter()), sum(deltas, w), type);
    }

    @RandomTest(tries = 20)
    void theSvdMethodsTruncateAtARankAndReportTheError(
            @IntRange(min = 1, max = 5) int target, boolean isFloat, long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        List<LoRAAdapter> adapters = adapters(type, seed, 6, 5, 2);
        INDArray whole = sum(
                adapters.stream().map(adapter -> largest(delta(adapter), 0.6)).toList(), List.of(1.0, -1.0, 0.5));
        double error = Svd.thin(whole).error(target);

        AdapterApproximation truncated =
                combination(adapters, List.of(1.0, -1.0, 0.5)).magnitudePruneSvd(TargetRank.of(target), 0.6);

        assertThat(layer(truncated.adapter(), "fc").rank()).isEqualTo(target);
        assertThat(distance(delta(truncated.adapter()), whole)).isCloseTo(error, within(tolerance(type) * norm(whole)));
        assertThat(truncated.layers().values())
                .singleElement()
                .satisfies(layer -> assertThat(layer.error()).isCloseTo(error, within(1e-10)));
    }

    @RandomTest(tries = 30)
    void atDensityOneNothingIsPruned(
            @IntRange(min = 1, max = 6) int out,
            @IntRange(min = 1, max = 6) int in,
            AdapterCombination.MajoritySign sign,
            long seed) {
        AdapterCombination combination = combination(adapters(D, seed, out, in, 2), List.of(0.5, -1.0, 2.0));
        INDArray linear = delta(combination.linear());
        INDArray cat = delta(combination.cat());

        assertNear(delta(combination.dareLinear(1, seed)), linear, D);
        assertNear(delta(combination.magnitudePrune(1)), linear, D);
        assertNear(delta(combination.dareTies(1, sign, seed)), delta(combination.ties(1, sign)), D);
        assertNear(delta(combination.dareLinearSvd(FULL, 1, seed).adapter()), cat, D);
        assertNear(delta(combination.magnitudePruneSvd(FULL, 1).adapter()), cat, D);
        assertNear(
                delta(combination.dareTiesSvd(FULL, 1, sign, seed).adapter()),
                delta(combination.tiesSvd(FULL, 1, sign).adapter()),
                D);
    }

    @Test
    void tiesOfOneAdapterIsItsMultiple() {
        LoRAAdapter one = adapter(D, 1, 5, 4, 2, 3);
        AdapterCombination alone = AdapterCombination.of(one, -0.7);

        assertNear(
                delta(alone.ties(1, AdapterCombination.MajoritySign.TOTAL)),
                delta(one).muli(-0.7),
                D);
        assertNear(
                delta(alone.tiesSvd(FULL, 1, AdapterCombination.MajoritySign.FREQUENCY)
                        .adapter()),
                delta(one).muli(-0.7),
                D);
    }

    /** √s·A would elect plus here, {@code 2·1 + ½·(−2) > 0}, where A alone elects minus. */
    @Test
    void scalesDoNotCountInTheElectionOfFactors() {
        LoRAAdapter large = scalar(4, 1);
        LoRAAdapter small = scalar(0.25, -2);
        AdapterCombination both = AdapterCombination.of(large, 1).plus(small, 1);

        for (LoRAAdapter found : List.of(
                both.ties(1, AdapterCombination.MajoritySign.TOTAL),
                both.dareTies(1, AdapterCombination.MajoritySign.TOTAL, 0))) {
            // A is √¼·(−2), and B the mean of √4·1 and √¼·1.
            assertThat(delta(found).getDouble(0, 0)).isCloseTo(-1.25, within(1e-12));
        }
    }

    private static LoRAAdapter scalar(double alpha, double a) {
        LoRAWeights weights = new LoRAWeights(
                Nd4j.createFromArray(new double[][] {{a}}), Nd4j.createFromArray(new double[][] {{1}}), null, null);
        return adapter(LoRAConfig.of(1, alpha), "fc", weights);
    }

    @Test
    void totalAndFrequencyElectDifferentSigns() {
        List<double[]> tasks = List.of(new double[] {-5}, new double[] {1}, new double[] {2});
        double[] ones = {1, 1, 1};
        SplittableRandom random = new SplittableRandom(0);

        assertThat(new TaskArithmetic(Pruning.none(), AdapterCombination.MajoritySign.TOTAL).mix(tasks, ones, random))
                .containsExactly(-5);
        assertThat(new TaskArithmetic(Pruning.none(), AdapterCombination.MajoritySign.FREQUENCY)
                        .mix(tasks, ones, random))
                .containsExactly(1.5);
    }

    @Test
    void equalVotesElectPlus() {
        assertThat(new TaskArithmetic(Pruning.none(), AdapterCombination.MajoritySign.TOTAL)
                        .mix(
                                List.of(new double[] {-1, 0}, new double[] {1, 0}),
                                new double[] {1, 3},
                                new SplittableRandom(0)))
                .containsExactly(3, 0);
    }

    @Test
    void theFirstOfEqualMagnitudesAreKept() {
        double[] values = {1, -1, 0, 2, 1, -1};

        assertThat(Pruning.magnitude(0.5).prune(values, new SplittableRandom(0)))
                .containsExactly(1, -1, 0, 2, 0, 0);
        assertThat(Pruning.magnitude(0.1).prune(values, new SplittableRandom(0)))
                .containsOnly(0);
    }

    @Test
    void randomPruningKeepsTheShareAndTheExpectation() {
        double[] ones = new double[100_000];
        Arrays.fill(ones, 1);

        double[] pruned = Pruning.random(0.3).prune(ones, new SplittableRandom(5));

        assertThat(Arrays.stream(pruned).distinct().toArray()).containsExactlyInAnyOrder(0, 1 / 0.3);
        // Five standard deviations of the mean, √((1−p)/(p·n)).
        assertThat(Arrays.stream(pruned).average().orElseThrow())
                .isCloseTo(1, within(5 * Math.sqrt(0.7 / 0.3 / pruned.length)));
    }

    @ParameterizedTest
    @EnumSource(AdapterCombination.MajoritySign.class)
    void theSameSeedGivesTheSameAdapterAndAnotherSeedADifferentOne(AdapterCombination.MajoritySign sign) {
        AdapterCombination combination = combination(adapters(D, 3, 6, 5, 2), List.of(1.0, 1.0, -1.0));
        List<java.util.function.LongFunction<LoRAAdapter>> methods = List.of(
                seed -> combination.dareLinear(0.5, seed),
                seed -> combination.dareTies(0.5, sign, seed),
                seed -> combination.dareLinearSvd(FULL, 0.5, seed).adapter(),
                seed -> combination.dareTiesSvd(FULL, 0.5, sign, seed).adapter());

        assertThat(methods).allSatisfy(method -> {
            assertThat(a(method.apply(1))).isEqualTo(a(method.apply(1)));
            assertThat(b(method.apply(1))).isEqualTo(b(method.apply(1)));
            assertThat(distance(delta(method.apply(1)), delta(method.apply(2)))).isGreaterThan(0.1);
        });
    }

    @Test
    void thePruningOfALayerDoesNotDependOnOtherLayers() {
        LoRAWeights x = AdapterSamples.weights(D, 1, 4, 5, 2);
        LoRAAdapter alone = adapter(LoRAConfig.of(2, 1), "x", x);
        LoRAAdapter both = new LoRAAdapter(
                LoRAConfig.of(2, 1), AdapterSamples.layers("w", AdapterSamples.weights(D, 2, 4, 5, 2), "x", x));

        assertThat(layer(AdapterCombination.of(both, 1).dareLinear(0.5, 7), "x").loraA())
                .isEqualTo(layer(AdapterCombination.of(alone, 1).dareLinear(0.5, 7), "x")
                        .loraA());
        assertThat(layer(AdapterCombination.of(both, 1).dareLinear(0.5, 7), "x").loraA())
                .isNotEqualTo(layer(AdapterCombination.of(both, 1).dareLinear(0.5, 7), "w")
                        .loraA());
    }

    @Test
    void dareDividesTheFactorEntriesThatItKeepsByTheDensity() {
        LoRAAdapter one = adapter(D, 1, 30, 40, 2, 2);

        double[] before = values(a(one));

        double[] pruned = values(a(AdapterCombination.of(one, 1).dareLinear(0.25, 9)));

        int kept = 0;
        for (int i = 0; i < pruned.length; i++) {
            if (pruned[i] != 0) {
                assertThat(pruned[i]).isCloseTo(4 * before[i], within(1e-12));
                kept++;
            }
        }
        // A quarter of 80 entries, within four standard deviations.
        assertThat(kept).isBetween(5, 35);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.1, 1.1, Double.NaN})
    void refusesDensitiesOutOfBounds(double density) {
        AdapterCombination one = AdapterCombination.of(adapter(D, 1, 5, 4, 2, 3), 1);
        Map<String, Runnable> methods = Map.of(
                "ties", () -> one.ties(density, AdapterCombination.MajoritySign.TOTAL),
                "dareLinear", () -> one.dareLinear(density, 0),
                "dareTiesSvd", () -> one.dareTiesSvd(FULL, density, AdapterCombination.MajoritySign.TOTAL, 0),
                "magnitudePrune", () -> one.magnitudePrune(density));

        assertThat(methods.values())
                .allSatisfy(method -> assertThatIllegalArgumentException()
                        .isThrownBy(method::run)
                        .withMessage("the density must be in (0, 1], found " + density));
    }

    private static List<LoRAAdapter> adapters(DataType type, long seed, int out, int in, int rank) {
        return List.of(
                adapter(type, seed, out, in, rank, 2),
                adapter(type, seed + 1, out, in, rank, 0.5),
                adapter(type, seed + 2, out, in, rank, 3));
    }

    private static AdapterCombination combination(List<LoRAAdapter> adapters, List<Double> w) {
        return AdapterCombination.of(adapters.get(0), w.get(0))
                .plus(adapters.get(1), w.get(1))
                .plus(adapters.get(2), w.get(2));
    }

    private static void assertNear(INDArray found, INDArray expected, DataType type) {
        assertThat(distance(found, expected)).isLessThan(4 * tolerance(type) * (1 + norm(expected)));
    }

    /** Keeps the ⌊density·n⌋ entries of largest magnitude. */
    private static INDArray largest(INDArray tensor, double density) {
        double[] values = values(tensor);
        double[] kept = new double[values.length];
        IntStream.range(0, values.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> -Math.abs(values[i])))
                .limit((long) (density * values.length))
                .forEach(i -> kept[i] = values[i]);
        return Nd4j.createFromArray(kept).reshape(tensor.shape());
    }

    private static double[] values(INDArray tensor) {
        return tensor.dup('c').data().asDouble();
    }

    private static INDArray sum(List<INDArray> tasks, List<Double> w) {
        INDArray sum = Nd4j.zeros(D, tasks.get(0).shape());
        for (int t = 0; t < tasks.size(); t++) {
            sum.addi(tasks.get(t).mul(w.get(t)));
        }
        return sum;
    }

    private static INDArray elected(List<INDArray> tasks, List<Double> w, AdapterCombination.MajoritySign method) {
        List<double[]> all = tasks.stream().map(AdapterPruningTest::values).toList();
        double[] result = new double[all.get(0).length];
        for (int i = 0; i < result.length; i++) {
            int entry = i;
            double votes = all.stream()
                    .mapToDouble(task -> task[entry])
                    .map(value -> method == AdapterCombination.MajoritySign.TOTAL ? value : Math.signum(value))
                    .sum();
            double total = 0;
            int count = 0;
            for (int t = 0; t < all.size(); t++) {
                double value = all.get(t)[i];
                if (value != 0 && value > 0 == votes >= 0) {
                    total += w.get(t) * value;
                    count++;
                }
            }
            result[i] = total / Math.max(1, count);
        }
        return Nd4j.createFromArray(result).reshape(tasks.get(0).shape());
    }
}
