package org.lora4j.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.algebra.AdapterSamples.adapter;
import static org.lora4j.algebra.AdapterSamples.delta;
import static org.lora4j.algebra.AdapterSamples.distance;
import static org.lora4j.algebra.AdapterSamples.gaussian;
import static org.lora4j.algebra.AdapterSamples.layer;
import static org.lora4j.algebra.AdapterSamples.layers;
import static org.lora4j.algebra.AdapterSamples.norm;
import static org.lora4j.algebra.AdapterSamples.tolerance;
import static org.lora4j.algebra.AdapterSamples.weights;

import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.linalg.Svd;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.random.DoubleRange;
import org.lora4j.random.IntRange;
import org.lora4j.random.RandomTest;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Tag("numbers")
class AdapterConversionTest {
    private static final DataType D = DataType.DOUBLE;

    @RandomTest(tries = 30)
    void aGreaterRankKeepsTheDeltaAndTheFactors(
            @IntRange(min = 1, max = 6) int out,
            @IntRange(min = 1, max = 6) int in,
            @IntRange(min = 1, max = 4) int rank,
            @IntRange(min = 0, max = 5) int more,
            boolean rankStabilized,
            boolean isFloat,
            long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        LoRAAdapter before = adapter(
                LoRAConfig.builder()
                        .rank(rank)
                        .alpha(3)
                        .rankStabilized(rankStabilized)
                        .build(),
                "fc",
                weights(type, seed, out, in, rank));

        AdapterApproximation after = AdapterConversion.resize(before, TargetRank.of(rank + more));

        LoRAWeights grown = layer(after.adapter(), "fc");
        assertThat(grown.rank()).isEqualTo(rank + more);
        assertThat(grown.loraA().get(NDArrayIndex.interval(0, rank), NDArrayIndex.all()))
                .isEqualTo(layer(before, "fc").loraA());
        assertThat(grown.loraB().get(NDArrayIndex.all(), NDArrayIndex.interval(0, rank)))
                .isEqualTo(layer(before, "fc").loraB());
        assertThat(after.adapter().config().rankStabilized()).isEqualTo(rankStabilized);
        assertThat(distance(delta(after.adapter()), delta(before))).isLessThan(1e-13 * (1 + norm(delta(before))));
        assertThat(reported(after)).isEqualTo(new AdapterApproximation.Layer(rank + more, 0, 0));
    }

    @Test
    void theAddedPartOfAGreaterRankCanTrain() {
        LoRAWeights grown = layer(
                AdapterConversion.resize(adapter(D, 1, 4, 5, 2, 3), TargetRank.of(4))
                        .adapter(),
                "fc");

        // The added part of B is zero, so it gets a gradient only if A is not zero.
        assertThat(grown.loraA().getRow(2).amaxNumber().doubleValue()).isBetween(0.01, 1 / Math.sqrt(5));
        assertThat(grown.loraA().getRow(2)).isNotEqualTo(grown.loraA().getRow(3));
    }

    @RandomTest(tries = 40)
    void aSmallerRankIsTheBestApproximation(
            @IntRange(min = 1, max = 8) int out,
            @IntRange(min = 1, max = 8) int in,
            @IntRange(min = 2, max = 9) int rank,
            @IntRange(min = 1, max = 8) int target,
            boolean isFloat,
            long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        LoRAAdapter before = adapter(type, seed, out, in, rank, 3);
        INDArray whole = delta(before);
        double error = Svd.thin(whole).error(Math.min(target, Math.min(out, in)));
        double tolerance = tolerance(type) * (1 + norm(whole));

        AdapterApproximation after = AdapterConversion.resize(before, TargetRank.of(target));

        assertThat(layer(after.adapter(), "fc").rank()).isEqualTo(target);
        assertThat(after.adapter().config().scaleOf("fc")).isCloseTo(3.0 / rank, within(1e-15));
        assertThat(distance(delta(after.adapter()), whole)).isCloseTo(target < rank ? error : 0, within(tolerance));
        assertThat(reported(after).error()).isCloseTo(target < rank ? error : 0, within(tolerance));
        assertThat(reported(after).rank()).isEqualTo(target);
    }

    @RandomTest(tries = 20)
    void resizingKeepsAShareOfTheEnergyInEachLayerWithTheLeastRank(
            @DoubleRange(min = 0.1, max = 1) double share, long seed) {
        LoRAAdapter before = new LoRAAdapter(
                LoRAConfig.of(5, 2), layers("fc", weights(D, seed, 9, 8, 5), "out", weights(D, ~seed, 3, 9, 5)));

        AdapterApproximation after = AdapterConversion.resize(before, TargetRank.ofEnergy(share));

        for (String path : before.weights().keySet()) {
            INDArray whole = delta(before, path);
            int r = layer(after.adapter(), path).rank();
            assertThat(r).isEqualTo(Svd.thin(whole).rankForEnergy(share));
            assertThat(Math.pow(distance(delta(after.adapter(), path), whole) / norm(whole), 2))
                    .isLessThan(1 - share + 1e-9);
            assertThat(after.adapter().config().rankOf(path)).isEqualTo(r);
        }
    }

    @Test
    void resizingKeepsBiasesAndSavedModulesAndDoesNotChangeItsArgument() {
        LoRAWeights plain = weights(D, 1, 4, 5, 3);
        INDArray bBias = gaussian(D, 2, 4);
        LoRAAdapter before = new LoRAAdapter(
                LoRAConfig.builder()
                        .rank(3)
                        .loraBias(true)
                        .bias(BiasTraining.ALL)
                        .build(),
                Map.of("fc", new LoRAWeights(plain.loraA(), plain.loraB(), null, bBias)),
                Map.of("fc", gaussian(D, 3, 4)),
                Map.of("s", new LoRAAdapter.SavedModule(gaussian(D, 4, 4, 4), null)));
        INDArray a = plain.loraA().dup();
        INDArray b = plain.loraB().dup();

        for (int rank : new int[] {2, 3, 5}) {
            LoRAAdapter after =
                    AdapterConversion.resize(before, TargetRank.of(rank)).adapter();
            assertThat(after.biases()).isEqualTo(before.biases());
            assertThat(after.savedModules()).isEqualTo(before.savedModules());
            assertThat(layer(after, "fc").loraBBias()).isEqualTo(bBias);
            assertThat(after.config().scaleOf("fc")).isCloseTo(before.config().scaleOf("fc"), within(1e-15));
            layer(after, "fc").loraA().assign(0);
            layer(after, "fc").loraB().assign(0);
            assertThat(plain.loraA()).isEqualTo(a);
            assertThat(plain.loraB()).isEqualTo(b);
        }
    }

    @RandomTest(tries = 30)
    void theConvertedAdapterApproximatesTheUpdateOfDoRA(
            @IntRange(min = 1, max = 7) int out,
            @IntRange(min = 1, max = 7) int in,
            @IntRange(min = 1, max = 3) int rank,
            @IntRange(min = 1, max = 7) int target,
            boolean isFloat,
            long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        Network base = network(type, seed, out, in);
        LoRAAdapter dora = dora(type, seed, out, in, rank);
        INDArray expected = doraDelta(base.linear("fc"), dora);
        int r = Math.min(target, Math.min(out, in));
        double tolerance = tolerance(type) * (1 + norm(expected));

        AdapterApproximation plain = AdapterConversion.toLoRA(base, dora, TargetRank.of(target));
        AdapterApproximation whole = AdapterConversion.toLoRA(base, dora, TargetRank.ofEnergy(1));

        assertThat(distance(delta(whole.adapter()), expected)).isLessThan(tolerance + 1e-7 * norm(expected));
        assertThat(distance(delta(plain.adapter()), expected))
                .isCloseTo(Svd.thin(expected).error(r), within(tolerance));
        assertThat(reported(plain).error()).isCloseTo(Svd.thin(expected).error(r), within(tolerance));
        assertThat(layer(plain.adapter(), "fc").rank()).isEqualTo(r);
        assertThat(layer(plain.adapter(), "fc").magnitude()).isNull();
        assertThat(plain.adapter().config().dora()).isFalse();
        assertThat(plain.adapter().config().scaleOf("fc")).isOne();
    }

    @Test
    void untrainedDoRAIsConvertedToAnUpdateOfZero() {
        Network base = network(D, 1, 4, 5);
        LoRAWeights initial = weights(D, 2, 4, 5, 2);
        INDArray magnitude = base.linear("fc").weight().norm2(1);
        initial.loraB().assign(0);
        LoRAAdapter dora = adapter(
                LoRAConfig.builder().rank(2).dora(true).build(),
                "fc",
                new LoRAWeights(initial.loraA(), initial.loraB(), magnitude, null));

        assertThat(norm(delta(
                        AdapterConversion.toLoRA(base, dora, TargetRank.of(4)).adapter())))
                .isLessThan(1e-14);
    }

    @Test
    void refusesToConvertPlainLoRAOrAnAdapterThatDoesNotFit() {
        Network base = network(D, 1, 4, 5);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterConversion.toLoRA(base, adapter(D, 1, 4, 5, 2, 1), TargetRank.of(1)))
                .withMessage(
                        "toLoRA: the adapter must use DoRA, found a configuration without it; it is plain LoRA already");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterConversion.toLoRA(base, dora(D, 1, 4, 6, 2), TargetRank.of(1)))
                .withMessageContaining("fc.lora_A must be [2, 5], found [2, 6]");
    }

    @Test
    void aRowOfZerosIsConvertedAsItIsMerged() {
        Network base = network(D, 1, 4, 5);
        base.linear("fc").weight().putRow(2, gaussian(D, 1, 5).muli(0));
        LoRAAdapter dora = dora(D, 1, 4, 5, 2);
        layer(dora, "fc").loraB().putRow(2, gaussian(D, 1, 2).muli(0));

        LoRAAdapter plain =
                AdapterConversion.toLoRA(base, dora, TargetRank.of(4)).adapter();
        LoRAModel model = LoRAModel.of(base);
        model.add("dora", dora);
        model.add("plain", plain);
        INDArray merged = model.merge("dora").linear("fc").weight();
        assertThat(Differences.fromZero(merged.getRow(2))).isZero();
        assertThat(merged.getRow(1).amaxNumber().doubleValue()).isPositive();
        assertThat(model.merge("plain").linear("fc").weight().equalsWithEps(merged, 1e-12))
                .isTrue();
    }

    @Test
    void refusesToResizeDoRA() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterConversion.resize(dora(D, 1, 4, 6, 2), TargetRank.of(1)))
                .withMessage("resize: the adapter must be plain LoRA, found DoRA magnitudes in [fc]; convert it with"
                        + " AdapterConversion.toLoRA first");
    }

    @Test
    void refusesTargetsOutOfBounds() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> TargetRank.of(0))
                .withMessage("the target rank must be at least 1, found 0");
        for (double share : new double[] {0, 1.01, Double.NaN}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> TargetRank.ofEnergy(share))
                    .withMessage("the share of the energy must be in (0, 1], found " + share);
        }
    }

    private static Network network(DataType type, long seed, int out, int in) {
        return Network.builder(in).dataType(type).linear("fc", out).build(seed);
    }

    private static LoRAAdapter dora(DataType type, long seed, int out, int in, int rank) {
        LoRAWeights plain = weights(type, seed, out, in, rank);
        return adapter(
                LoRAConfig.builder().rank(rank).alpha(1.5).dora(true).build(),
                "fc",
                new LoRAWeights(plain.loraA(), plain.loraB(), gaussian(type, seed + 3, out), null));
    }

    /** Computes {@code m/‖W + s·B·A‖·(W + s·B·A) − W} row by row. */
    private static INDArray doraDelta(Linear linear, LoRAAdapter dora) {
        INDArray w = linear.weight().castTo(D);
        INDArray v = delta(dora).addi(w);
        INDArray m = Objects.requireNonNull(layer(dora, "fc").magnitude());
        for (int i = 0; i < v.rows(); i++) {
            double sum = 0;
            for (int j = 0; j < v.columns(); j++) {
                sum += v.getDouble(i, j) * v.getDouble(i, j);
            }
            for (int j = 0; j < v.columns(); j++) {
                v.putScalar(i, j, m.getDouble(i) / Math.sqrt(sum) * v.getDouble(i, j) - w.getDouble(i, j));
            }
        }
        return v;
    }

    private static AdapterApproximation.Layer reported(AdapterApproximation approximation) {
        assertThat(approximation.layers()).containsOnlyKeys("fc");
        return approximation.layers().values().iterator().next();
    }
}
