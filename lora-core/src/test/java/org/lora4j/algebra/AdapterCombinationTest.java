package org.lora4j.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.algebra.AdapterSamples.a;
import static org.lora4j.algebra.AdapterSamples.adapter;
import static org.lora4j.algebra.AdapterSamples.b;
import static org.lora4j.algebra.AdapterSamples.delta;
import static org.lora4j.algebra.AdapterSamples.distance;
import static org.lora4j.algebra.AdapterSamples.gaussian;
import static org.lora4j.algebra.AdapterSamples.layer;
import static org.lora4j.algebra.AdapterSamples.layers;
import static org.lora4j.algebra.AdapterSamples.norm;
import static org.lora4j.algebra.AdapterSamples.tolerance;
import static org.lora4j.algebra.AdapterSamples.weights;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.BiasTraining;
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

@Tag("numbers")
class AdapterCombinationTest {
    private static final DataType D = DataType.DOUBLE;

    @RandomTest(tries = 40)
    void catIsTheWeightedSumOfTheDeltas(
            @IntRange(min = 1, max = 9) int out,
            @IntRange(min = 1, max = 9) int in,
            @IntRange(min = 1, max = 5) int rank,
            @IntRange(min = 1, max = 5) int otherRank,
            @DoubleRange(min = -2, max = 2) double w,
            @DoubleRange(min = -2, max = 2) double v,
            boolean isFloat,
            long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        LoRAAdapter first = adapter(type, seed, out, in, rank, 3);
        LoRAAdapter second = adapter(type, seed + 1, out, in, otherRank, 0.7);
        INDArray expected = delta(first).muli(w).addi(delta(second).muli(v));

        LoRAAdapter cat = AdapterCombination.of(first, w).plus(second, v).cat();

        assertThat(distance(delta(cat), expected)).isLessThan(tolerance(type) * (1 + norm(expected)));
        assertThat(layer(cat, "fc").rank()).isEqualTo(rank + otherRank);
        assertThat(cat.config().scaleOf("fc")).isOne();
        assertThat(layer(cat, "fc").loraA().dataType()).isEqualTo(type);
    }

    @RandomTest(tries = 40)
    void svdIsTheBestApproximationOfTheWeightedSum(
            @IntRange(min = 1, max = 9) int out,
            @IntRange(min = 1, max = 9) int in,
            @IntRange(min = 1, max = 5) int rank,
            @IntRange(min = 1, max = 8) int target,
            @DoubleRange(min = -2, max = 2) double w,
            boolean isFloat,
            long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        LoRAAdapter first = adapter(type, seed, out, in, rank, 3);
        LoRAAdapter second = adapter(type, seed + 1, out, in, 2, 5);
        INDArray sum = delta(first).muli(w).addi(delta(second));
        Svd best = Svd.thin(sum);
        double tolerance = tolerance(type) * (1 + norm(sum));

        AdapterApproximation svd =
                AdapterCombination.of(first, w).plus(second, 1).svd(TargetRank.of(target));

        int r = layer(svd.adapter(), "fc").rank();
        assertThat(r).isEqualTo(Math.min(target, Math.min(rank + 2, Math.min(out, in))));
        assertThat(distance(delta(svd.adapter()), sum)).isCloseTo(best.error(r), within(tolerance));
        assertThat(reported(svd).error()).isCloseTo(best.error(r), within(tolerance));
        assertThat(reported(svd).rank()).isEqualTo(r);
    }

    @RandomTest(tries = 40)
    void linearAddsTheFactorsWithTheSignOnB(
            @IntRange(min = 1, max = 9) int out,
            @IntRange(min = 1, max = 9) int in,
            @IntRange(min = 1, max = 5) int rank,
            @DoubleRange(min = -2, max = 2) double w,
            @DoubleRange(min = -2, max = 2) double v,
            boolean isFloat,
            long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        LoRAAdapter first = adapter(type, seed, out, in, rank, 3);
        LoRAAdapter second = adapter(type, seed + 1, out, in, rank, 0.7);
        double p = Math.sqrt(Math.abs(w) * 3 / rank);
        double q = Math.sqrt(Math.abs(v) * 0.7 / rank);
        INDArray sumA = a(first).muli(p).addi(a(second).muli(q));
        INDArray sumB = b(first).muli(Math.signum(w) * p).addi(b(second).muli(Math.signum(v) * q));

        LoRAAdapter linear = AdapterCombination.of(first, w).plus(second, v).linear();

        assertThat(distance(a(linear), sumA)).isLessThan(tolerance(type) * (1 + norm(sumA)));
        assertThat(distance(b(linear), sumB)).isLessThan(tolerance(type) * (1 + norm(sumB)));
        INDArray product = sumB.mmul(sumA);
        assertThat(distance(delta(linear), product)).isLessThan(tolerance(type) * (1 + norm(product)) * 4);
    }

    /** A negative α is the same as a positive one with −B. */
    @Test
    void aNegativeScaleIsPartOfB() {
        LoRAAdapter negative = adapter(D, 1, 6, 4, 3, -5);
        LoRAWeights weights = layer(negative, "fc");
        LoRAAdapter positive = adapter(
                LoRAConfig.of(3, 5),
                "fc",
                new LoRAWeights(weights.loraA(), weights.loraB().neg()));
        LoRAAdapter other = adapter(D, 2, 6, 4, 3, 2);
        List<Function<AdapterCombination, LoRAAdapter>> methods = List.of(
                AdapterCombination::cat,
                AdapterCombination::linear,
                all -> all.dareLinear(0.7, 3),
                all -> all.magnitudePrune(0.7),
                all -> all.ties(0.7, AdapterCombination.MajoritySign.TOTAL),
                all -> all.dareTies(0.7, AdapterCombination.MajoritySign.TOTAL, 3));
        for (Function<AdapterCombination, LoRAAdapter> method : methods) {
            INDArray expected =
                    delta(method.apply(AdapterCombination.of(positive, 0.8).plus(other, -0.6)));
            INDArray found =
                    delta(method.apply(AdapterCombination.of(negative, 0.8).plus(other, -0.6)));
            assertThat(norm(expected)).isGreaterThan(1e-3);
            assertThat(distance(found, expected)).isLessThan(1e-11 * (1 + norm(expected)));
        }
        AdapterApproximation smaller = AdapterCombination.of(negative, 1).svd(TargetRank.of(1));
        assertThat(reported(smaller).error()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.3, 1, 2, -1, -0.4})
    void linearOfOneAdapterIsItsMultiple(double w) {
        LoRAAdapter one = adapter(D, 1, 6, 4, 3, 5);

        LoRAAdapter linear = AdapterCombination.of(one, w).linear();

        assertThat(distance(delta(linear), delta(one).muli(w))).isLessThan(1e-12);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void oneAndMinusOneCancel(DataType type) {
        LoRAAdapter one = adapter(type, 1, 6, 4, 3, 5);
        AdapterCombination zero = AdapterCombination.of(one, 1).plus(one, -1);

        for (AdapterCombination.MajoritySign sign : AdapterCombination.MajoritySign.values()) {
            assertThat(norm(delta(zero.ties(0.5, sign)))).isZero();
            assertThat(norm(delta(zero.tiesSvd(TargetRank.of(3), 0.5, sign).adapter())))
                    .isZero();
        }
        assertThat(norm(delta(zero.cat()))).isLessThan(1e-12);
        assertThat(norm(delta(zero.svd().adapter()))).isLessThan(1e-12);
        assertThat(norm(delta(zero.linear()))).isZero();
        assertThat(norm(delta(zero.magnitudePrune(0.5)))).isZero();
    }

    @Test
    void aWeightOfZeroContributesNothing() {
        LoRAAdapter one = adapter(D, 1, 6, 4, 3, 5);
        AdapterCombination combination = AdapterCombination.of(one, 2).plus(adapter(D, 2, 6, 4, 3, 5), 0);

        INDArray expected = delta(one).muli(2);
        assertThat(distance(delta(combination.cat()), expected)).isLessThan(1e-12);
        assertThat(distance(delta(combination.linear()), expected)).isLessThan(1e-12);
        assertThat(distance(delta(combination.svd().adapter()), expected)).isLessThan(1e-12);
    }

    @Test
    void allWeightsOfZeroGiveZero() {
        AdapterCombination zero = AdapterCombination.of(adapter(D, 1, 6, 4, 3, 5), 0);

        assertThat(norm(delta(zero.cat()))).isZero();
        assertThat(norm(delta(zero.svd(TargetRank.ofEnergy(0.9)).adapter()))).isZero();
        assertThat(reported(zero.svd(TargetRank.ofEnergy(0.9))).relativeError()).isZero();
    }

    @Test
    void svdTruncatesAtTheGreatestRankByDefault() {
        AdapterCombination combination =
                AdapterCombination.of(adapter(D, 1, 9, 8, 3, 5), 1).plus(adapter(D, 2, 9, 8, 4, 5), 1);

        assertThat(combination.greatestRank()).isEqualTo(4);
        assertThat(layer(combination.svd().adapter(), "fc").rank()).isEqualTo(4);
    }

    @RandomTest(tries = 20)
    void svdKeepsAShareOfTheEnergy(@DoubleRange(min = 0.05, max = 1) double share, long seed) {
        LoRAAdapter one = adapter(D, seed, 9, 8, 6, 5);
        double whole = norm(delta(one));

        AdapterApproximation svd = AdapterCombination.of(one, 1).svd(TargetRank.ofEnergy(share));

        double kept = 1 - Math.pow(distance(delta(svd.adapter()), delta(one)) / whole, 2);
        assertThat(kept).isGreaterThan(share - 1e-9);
        assertThat(reported(svd).relativeError()).isCloseTo(Math.sqrt(Math.max(0, 1 - kept)), within(1e-6));
    }

    @Test
    void linearRefusesUnequalRanksAndListsThem() {
        LoRAAdapter first =
                new LoRAAdapter(LoRAConfig.of(3, 1), layers("x", weights(D, 1, 4, 5, 3), "y", weights(D, 2, 4, 5, 3)));
        LoRAAdapter second = new LoRAAdapter(
                LoRAConfig.builder().rank(5).rankPattern(Map.of("y", 4)).build(),
                layers("x", weights(D, 3, 4, 5, 5), "y", weights(D, 4, 4, 5, 4)));

        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> AdapterCombination.of(first, 1).plus(second, 1).linear())
                .withMessage(
                        "linear: the adapters must have equal ranks in each layer (resize them, or use cat or svd), found x [3, 5];"
                                + " y [3, 4]");
    }

    @Test
    void methodsThatAddFactorsRefuseUnequalRanks() {
        AdapterCombination unequal =
                AdapterCombination.of(adapter(D, 1, 4, 5, 3, 1), 1).plus(adapter(D, 2, 4, 5, 2, 1), 1);
        List<Function<AdapterCombination, LoRAAdapter>> methods = List.of(
                AdapterCombination::linear,
                c -> c.ties(1, AdapterCombination.MajoritySign.TOTAL),
                c -> c.dareLinear(1, 0),
                c -> c.dareTies(1, AdapterCombination.MajoritySign.TOTAL, 0),
                c -> c.magnitudePrune(1));

        assertThat(methods)
                .allSatisfy(method -> assertThatIllegalArgumentException()
                        .isThrownBy(() -> method.apply(unequal))
                        .withMessageContaining(
                                "equal ranks in each layer (resize them, or use cat or svd), found fc [3, 2]"));
    }

    @Test
    void aLayerThatAnAdapterDoesNotAdaptHasAnUpdateOfZero() {
        LoRAAdapter first =
                new LoRAAdapter(LoRAConfig.of(3, 6), layers("x", weights(D, 1, 4, 5, 3), "y", weights(D, 2, 6, 4, 3)));
        LoRAAdapter second =
                new LoRAAdapter(LoRAConfig.of(3, 1), layers("y", weights(D, 3, 6, 4, 3), "z", weights(D, 4, 2, 6, 3)));
        AdapterCombination combination = AdapterCombination.of(first, 0.5).plus(second, -2);

        for (LoRAAdapter combined :
                List.of(combination.cat(), combination.svd(TargetRank.of(6)).adapter())) {
            assertThat(combined.weights().keySet()).containsExactly("x", "y", "z");
            assertThat(distance(delta(combined, "x"), delta(first, "x").muli(0.5)))
                    .isLessThan(1e-12);
            assertThat(distance(
                            delta(combined, "y"),
                            delta(first, "y").muli(0.5).subi(delta(second, "y").muli(2))))
                    .isLessThan(1e-12);
            assertThat(distance(delta(combined, "z"), delta(second, "z").muli(-2)))
                    .isLessThan(1e-12);
        }
        assertThat(distance(delta(combination.linear(), "z"), delta(second, "z").muli(-2)))
                .isLessThan(1e-12);
    }

    @Test
    void theScalesOfTheAdaptersCountIncludingPatternsAndRankStabilization() {
        LoRAConfig config = LoRAConfig.builder()
                .rank(4)
                .alpha(6)
                .rankStabilized(true)
                .rankPattern(Map.of("y", 9))
                .alphaPattern(Map.of("y", 2.0))
                .build();
        LoRAWeights x = weights(D, 1, 10, 11, 4);
        LoRAWeights y = weights(D, 2, 12, 10, 9);
        LoRAAdapter cat = AdapterCombination.of(new LoRAAdapter(config, layers("x", x, "y", y)), 1)
                .cat();

        assertThat(distance(delta(cat, "x"), x.loraB().mmul(x.loraA()).muli(6 / 2.0)))
                .isLessThan(1e-11);
        assertThat(distance(delta(cat, "y"), y.loraB().mmul(y.loraA()).muli(2 / 3.0)))
                .isLessThan(1e-11);
        assertThat(cat.config().rankOf("y")).isEqualTo(9);
        assertThat(cat.config().rankStabilized()).isFalse();
    }

    @Test
    void mixedTypesGiveTheWidest() {
        LoRAAdapter cat = AdapterCombination.of(adapter(DataType.FLOAT, 1, 4, 5, 3, 1), 1)
                .plus(adapter(D, 2, 4, 5, 2, 1), 1)
                .cat();

        assertThat(layer(cat, "fc").loraA().dataType()).isEqualTo(D);
    }

    @Test
    void biasesOfBAddUp() {
        LoRAConfig config = LoRAConfig.builder().rank(2).alpha(3).loraBias(true).build();
        LoRAWeights plain = weights(D, 1, 4, 5, 2);
        INDArray bias = gaussian(D, 5, 4);
        LoRAAdapter biased = adapter(config, "x", new LoRAWeights(plain.loraA(), plain.loraB(), null, bias));
        LoRAAdapter unbiased =
                new LoRAAdapter(LoRAConfig.of(2, 1), layers("x", weights(D, 2, 4, 5, 2), "y", weights(D, 3, 6, 4, 2)));
        AdapterCombination combination =
                AdapterCombination.of(biased, 0.5).plus(unbiased, 1).plus(biased, -2);

        for (LoRAAdapter combined : List.of(
                combination.cat(), combination.linear(), combination.svd().adapter())) {
            assertThat(combined.config().loraBias()).isTrue();
            assertThat(layer(combined, "x").loraBBias()).isEqualTo(bias.mul(-1.5 * 1.5));
            assertThat(layer(combined, "y").loraBBias()).isEqualTo(Nd4j.zeros(D, 6));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> combination.ties(0.5, AdapterCombination.MajoritySign.TOTAL))
                .withMessage("ties: the adapters must have no bias of B (only cat, linear and svd add them), found"
                        + " x.lora_B.bias of adapter 1; x.lora_B.bias of adapter 3");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> combination.dareLinearSvd(TargetRank.of(2), 0.5, 0))
                .withMessageContaining("x.lora_B.bias of adapter 1");
    }

    @Test
    void refusesEverythingThatIsNotAnUpdateOfFactors() {
        LoRAWeights plain = weights(D, 1, 4, 5, 2);
        LoRAAdapter more = new LoRAAdapter(
                LoRAConfig.builder().rank(2).dora(true).bias(BiasTraining.ALL).build(),
                Map.of("x", new LoRAWeights(plain.loraA(), plain.loraB(), gaussian(D, 2, 4), null)),
                Map.of("b", gaussian(D, 3, 4)),
                Map.of("s", new LoRAAdapter.SavedModule(gaussian(D, 4, 4, 4), null)));
        AdapterCombination started = AdapterCombination.of(adapter(D, 1, 4, 5, 3, 1), 1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> started.plus(more, 1))
                .withMessage(
                        "adapter 2: only updates of the form s·B·A can be combined, found DoRA magnitudes in [x]"
                                + " (convert it with AdapterConversion.toLoRA first); trained biases in [b]; saved modules [s]");
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void refusesWeightsThatAreNotFinite(double weight) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterCombination.of(adapter(D, 1, 4, 5, 3, 1), weight))
                .withMessage("adapter 1: the weight must be finite, found " + weight);
    }

    @Test
    void refusesAnotherShapeOfALayer() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        AdapterCombination.of(adapter(D, 1, 4, 5, 3, 1), 1).plus(adapter(D, 1, 4, 6, 3, 1), 1))
                .withMessage(
                        "adapter 2: each layer must have the kind and weight shape that it has in the adapters before,"
                                + " found fc: LINEAR [4, 6], before LINEAR [4, 5]");
    }

    @Test
    void refusesRanksThatDifferFromTheConfigurationAndEntriesThatAreNotFinite() {
        LoRAWeights weights = weights(D, 1, 4, 5, 3);
        weights.loraB().putScalar(1, 1, Double.NaN);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterCombination.of(adapter(LoRAConfig.of(2, 1), "fc", weights), 1))
                .withMessage(
                        "adapter 1: each rank must be the rank in the configuration, and all entries must be finite,"
                                + " found fc: the configuration says rank 2, found 3; fc.lora_B: NaN or an infinity");
    }

    @Test
    void refusesResultsThatAreTooLargeForTheType() {
        LoRAAdapter one = adapter(DataType.FLOAT, 1, 4, 5, 3, 1);

        assertThatThrownBy(() -> AdapterCombination.of(one, 1e60).cat())
                .isInstanceOf(ArithmeticException.class)
                .hasMessage(
                        "fc.lora_A: the result must be finite, found a value that is too large for FLOAT; use smaller"
                                + " weights or DOUBLE");
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void theAdaptersStayUnchangedAndShareNoArraysWithTheResult(DataType type) {
        LoRAAdapter one = adapter(type, 1, 4, 5, 3, 1);
        INDArray aBefore = layer(one, "fc").loraA().dup();
        INDArray bBefore = layer(one, "fc").loraB().dup();
        AdapterCombination combination = AdapterCombination.of(one, 1);

        for (LoRAAdapter combined : List.of(
                combination.cat(),
                combination.linear(),
                combination.svd().adapter(),
                combination.dareTies(1, AdapterCombination.MajoritySign.TOTAL, 0),
                combination
                        .tiesSvd(TargetRank.of(2), 1, AdapterCombination.MajoritySign.TOTAL)
                        .adapter())) {
            layer(combined, "fc").loraA().assign(0);
            layer(combined, "fc").loraB().assign(0);
        }

        assertThat(layer(one, "fc").loraA()).isEqualTo(aBefore);
        assertThat(layer(one, "fc").loraB()).isEqualTo(bBefore);
    }

    private static AdapterApproximation.Layer reported(AdapterApproximation approximation) {
        assertThat(approximation.layers()).containsOnlyKeys("fc");
        return approximation.layers().values().iterator().next();
    }
}
