package org.lora4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;
import static org.lora4j.SmallModels.values;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class LoRAInitTest {
    private static final int RANK = 16;
    private static final int WIDTH = 625;

    static Stream<LoRAInit> withoutDelta() {
        return Stream.of(
                LoRAInit.kaimingUniform(),
                LoRAInit.gaussian(0.3),
                LoRAInit.gaussianByRank(),
                LoRAInit.pissa(),
                LoRAInit.pissa(16),
                LoRAInit.olora());
    }

    static Stream<LoRAInit> withZeroB() {
        return withoutDelta().filter(init -> !init.subtractsFromBase());
    }

    static Stream<LoRAInit> fromTheBase() {
        return withoutDelta().filter(LoRAInit::subtractsFromBase);
    }

    private record Layer(INDArray weight, @Nullable INDArray bias) implements BaseLayer {
        @Override
        public String path() {
            return "layer";
        }
    }

    /** The factors at their initialization, at the scale 1. */
    private static LowRankFactors initialize(LoRAInit init, INDArray weight, int rank) {
        LoRAConfig config =
                LoRAConfig.builder().rank(rank).alpha(rank).init(init).seed(2).build();
        return LoRAWeights.initialize(new Layer(weight, null), config).factors();
    }

    private static INDArray weight(DataType type) {
        return RandomArrays.uniform(new SplittableRandom(1), 0.04, type, 8, WIDTH);
    }

    private static double[] sortedA(LoRAInit init) {
        double[] sample = values(initialize(init, weight(DataType.DOUBLE), RANK).a());
        Arrays.sort(sample);
        return sample;
    }

    /** Kolmogorov and Smirnov: the distance is below 1.63/√n in 99 of 100 samples of the distribution. */
    private static void assertDistribution(double[] sorted, DoubleUnaryOperator cumulative) {
        int n = sorted.length;
        double distance = 0;
        for (int i = 0; i < n; i++) {
            double expected = cumulative.applyAsDouble(sorted[i]);
            distance = Math.max(distance, Math.max(expected - (double) i / n, (i + 1.0) / n - expected));
        }
        assertThat(distance).isLessThan(1.63 / Math.sqrt(n));
    }

    private static DoubleUnaryOperator uniform(double bound) {
        return x -> Math.max(0, Math.min(1, (x + bound) / (2 * bound)));
    }

    private static DoubleUnaryOperator normal(double sigma) {
        return x -> {
            // Abramowitz and Stegun, 7.1.26: the error is below 1.5e-7.
            double z = Math.abs(x) / sigma / Math.sqrt(2);
            double t = 1 / (1 + 0.3275911 * z);
            double tail = t
                    * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
                    * Math.exp(-z * z);
            return x < 0 ? tail / 2 : 1 - tail / 2;
        };
    }

    @Test
    void kaimingIsUniformWithTheBoundOneByTheRootOfTheWidth() {
        assertDistribution(sortedA(LoRAInit.kaimingUniform()), uniform(1 / Math.sqrt(WIDTH)));
    }

    @Test
    void gaussianHasTheGivenDeviation() {
        assertDistribution(sortedA(LoRAInit.gaussian(0.3)), normal(0.3));
    }

    @Test
    void gaussianByRankHasTheDeviationOneByTheRank() {
        assertDistribution(sortedA(LoRAInit.gaussianByRank()), normal(1.0 / RANK));
    }

    @Test
    void kaimingIsNotTakenForGaussian() {
        double[] sample = sortedA(LoRAInit.kaimingUniform());
        double sigma = 1 / Math.sqrt(3.0 * WIDTH);
        assertThatThrownBy(() -> assertDistribution(sample, normal(sigma))).isInstanceOf(AssertionError.class);
    }

    @ParameterizedTest
    @MethodSource("withZeroB")
    void bIsExactlyZero(LoRAInit init) {
        INDArray b = initialize(init, weight(DataType.FLOAT), RANK).b();
        assertThat(b.shape()).containsExactly(8, RANK);
        assertThat(values(b)).containsOnly(0);
    }

    @Test
    void randomBIsKaimingUniformToo() {
        INDArray b = initialize(
                        LoRAInit.random(),
                        RandomArrays.uniform(new SplittableRandom(1), 1, DataType.DOUBLE, 700, 8),
                        RANK)
                .b();
        double[] sample = values(b);
        Arrays.sort(sample);
        assertDistribution(sample, uniform(1 / Math.sqrt(RANK)));
    }

    @ParameterizedTest
    @MethodSource("withoutDelta")
    void factorsHaveTypeOrderAndShape(LoRAInit init) {
        LowRankFactors factors = initialize(init, weight(DataType.FLOAT), 4);
        assertThat(factors.a().shape()).containsExactly(4, WIDTH);
        assertThat(factors.b().shape()).containsExactly(8, 4);
        for (INDArray factor : new INDArray[] {factors.a(), factors.b()}) {
            assertThat(factor.dataType()).isEqualTo(DataType.FLOAT);
            assertThat(factor.ordering()).isEqualTo('c');
            assertThat(factor.isView()).isFalse();
        }
    }

    private static LoRAParametrization register(Network network, LoRAInit init, long seed) {
        return LoRAParametrization.register(
                network.linears().get(0),
                LoRAConfig.builder().rank(4).init(init).seed(seed).build());
    }

    @ParameterizedTest
    @MethodSource("withoutDelta")
    void deltaIsExactlyZeroAtInitialization(LoRAInit init) {
        assertThat(values(register(SmallModels.network(), init, 1).delta())).containsOnly(0);
    }

    @ParameterizedTest
    @MethodSource("withZeroB")
    void sameSeedGivesTheSameBits(LoRAInit init) {
        INDArray first = register(SmallModels.network(), init, 1).loraA().value();
        assertSameBits(register(SmallModels.network(), init, 1).loraA().value(), first);
        assertThat(SmallModels.sameBits(
                        register(SmallModels.network(), init, 2).loraA().value(), first))
                .isFalse();
    }

    @Test
    void layersOfOneSeedDiffer() {
        Network network = Network.builder(6).linear("one", 6).linear("two", 6).build(1);
        LoRAConfig config = LoRAConfig.of(2, 2);
        INDArray one = LoRAParametrization.register(network.linear("one"), config)
                .loraA()
                .value();
        INDArray two = LoRAParametrization.register(network.linear("two"), config)
                .loraA()
                .value();
        assertThat(SmallModels.sameBits(one, two)).isFalse();
    }

    @Test
    void aLayerIsInitializedTheSameWhicheverOthersAreAdapted() {
        LoRAModel all = SmallModels.model();
        all.add("a", SmallModels.random(3).build());
        LoRAModel one = SmallModels.model();
        one.add("a", SmallModels.random(3).targetModules("linear2").build());
        assertSameBits(
                requireNonNull(one.adapter("a").weights().get("linear2")).loraA(),
                requireNonNull(all.adapter("a").weights().get("linear2")).loraA());
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void initializationsFromTheBaseKeepTheOutput(DataType type) {
        double tolerance = type == DataType.FLOAT ? 1e-6 : 1e-12;
        fromTheBase().forEach(init -> {
            Network network = SmallModels.network(type, 1);
            INDArray x = SmallModels.input(type, 20, 5);
            INDArray y = network.predict(x);
            LoRAModel model = LoRAModel.of(network);
            model.add("a", LoRAConfig.builder().rank(3).alpha(5).init(init).build());
            assertClose(model.predict(x), y, tolerance * y.amaxNumber().doubleValue());
        });
    }

    @Test
    void pissaTakesThePrincipalPart() {
        Network network = SmallModels.network(DataType.DOUBLE, 1);
        LoRAParametrization lora = register(network, LoRAInit.pissa(), 1);
        INDArray product = lora.loraB().value().mmul(lora.loraA().value()).mul(lora.scale());
        double[] all = singularValues(lora.originalWeight());
        double[] rest = singularValues(lora.originalWeight().sub(product));
        assertThat(Arrays.copyOf(rest, 2)).usingComparatorWithPrecision(1e-10).containsExactly(all[4], all[5]);
    }

    /** The more iterations, the nearer to the singular vectors; the output stays that of the base in any case. */
    @Test
    void pissaWithIterationsApproximatesThePrincipalPart() {
        INDArray weight = Nd4j.rand(DataType.DOUBLE, 90, 70).subi(0.5);
        double best = Svd.thin(weight).error(4);
        double last = Double.POSITIVE_INFINITY;
        for (int iterations : new int[] {1, 4, 40}) {
            Network network = new Network(List.of(new Linear("l", weight.dup(), null)));
            LoRAParametrization lora = LoRAParametrization.register(
                    network.linear("l"),
                    LoRAConfig.builder()
                            .rank(4)
                            .alpha(8)
                            .init(LoRAInit.pissa(iterations))
                            .build());
            INDArray product = lora.loraB().value().mmul(lora.loraA().value()).mul(lora.scale());
            double error = weight.sub(product).norm2Number().doubleValue();
            assertThat(error).isBetween(best * (1 - 1e-12), last);
            last = error;
        }
        assertThat(last).isCloseTo(best, within(1e-6 * best));
    }

    @Test
    void pissaRefusesANumberOfIterationsThatIsOutOfRange() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAInit.pissa(0))
                .withMessage("iterations must be in [1, 1000], found 0");
        assertThat(LoRAInit.pissa(16))
                .isNotEqualTo(LoRAInit.pissa())
                .isEqualTo(LoRAInit.pissa(16))
                .hasToString("PISSA(16 iterations)");
    }

    private static double[] singularValues(INDArray matrix) {
        return values(Svd.thin(matrix).singularValues());
    }

    @Test
    void oloraFactorsAreThoseOfQr() {
        Network network = SmallModels.network(DataType.DOUBLE, 1);
        LoRAParametrization lora = register(network, LoRAInit.olora(), 1);
        INDArray b = lora.loraB().value();
        assertClose(b.transpose().mmul(b), Nd4j.eye(4).castTo(DataType.DOUBLE), 1e-12);
        for (int i = 1; i < 4; i++) {
            for (int j = 0; j < i; j++) {
                assertThat(lora.loraA().value().getDouble(i, j)).isZero();
            }
        }
    }

    @ParameterizedTest
    @MethodSource("fromTheBase")
    void conversionToTwiceTheRankKeepsTheDelta(LoRAInit init) {
        Network network = SmallModels.network();
        LoRAModel model = LoRAModel.of(network);
        model.add("a", LoRAConfig.builder().rank(3).alpha(5).init(init).build());
        SmallModels.train(model, 10);
        LoRAAdapter ordinary = model.adapter("a");
        assertThat(requireNonNull(ordinary.weights().get("linear1")).rank()).isEqualTo(6);
        assertThat(ordinary.config().scaleOf("linear1")).isEqualTo(5.0 / 3);
        assertThat(ordinary.config().init().subtractsFromBase()).isFalse();
        LoRAModel other = LoRAModel.of(network);
        other.add("b", ordinary);
        INDArray delta = delta(model.merge("a"), network);
        assertThat(delta.amaxNumber().doubleValue()).isGreaterThan(0.01);
        assertClose(delta(other.merge("b"), network), delta, 1e-6);
    }

    private static INDArray delta(Network merged, Network base) {
        return merged.linear("linear1").weight().sub(base.linear("linear1").weight());
    }

    @Test
    void conversionKeepsTheScaleOfPatternsAndRankStabilisation() {
        LoRAModel model = SmallModels.model();
        LoRAConfig config = LoRAConfig.builder()
                .rank(3)
                .alpha(5)
                .rankStabilized(true)
                .rankPattern(Map.of("linear2", 2))
                .alphaPattern(Map.of("linear3", 7.0))
                .init(LoRAInit.olora())
                .build();
        model.add("a", config);
        LoRAAdapter ordinary = model.adapter("a");
        ordinary.weights().forEach((path, weights) -> {
            assertThat(weights.rank()).isEqualTo(2 * config.rankOf(path));
            assertThat(ordinary.config().rankOf(path)).isEqualTo(weights.rank());
            assertThat(ordinary.config().scaleOf(path)).isCloseTo(config.scaleOf(path), Offset.offset(1e-12));
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 16})
    void orthogonalFactorsAreNotZeroAndTheirProductVanishes(int rank) {
        LowRankFactors factors = initialize(LoRAInit.orthogonal(), weight(DataType.FLOAT), rank);
        assertThat(factors.a().amaxNumber().doubleValue()).isGreaterThan(0.01);
        assertThat(factors.b().amaxNumber().doubleValue()).isGreaterThan(0.01);
        assertThat(Differences.fromZero(factors.b().mmul(factors.a()))).isLessThan(1e-6);
    }

    @Test
    void orthogonalRefusesOddRanks() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        LoRAConfig.builder().rank(7).init(LoRAInit.orthogonal()).build())
                .withMessage("the orthogonal initialization needs an even rank, found 7");
    }

    @ParameterizedTest
    @MethodSource("fromTheBase")
    void refusesARankThatTheBaseDoesNotHave(LoRAInit init) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAParametrization.register(
                        SmallModels.network().linear("linear3"),
                        LoRAConfig.builder().rank(5).init(init).build()))
                .withMessage("linear3: rank must be in [1, 4] for " + init
                        + ", which takes the factors from the weight, found 5");
    }
}
