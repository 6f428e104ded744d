package org.lora4j.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.algebra.AdapterSamples.delta;
import static org.lora4j.algebra.AdapterSamples.distance;
import static org.lora4j.algebra.AdapterSamples.gaussian;
import static org.lora4j.algebra.AdapterSamples.layer;
import static org.lora4j.algebra.AdapterSamples.norm;
import static org.lora4j.algebra.AdapterSamples.tolerance;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.TargetModules;
import org.lora4j.linalg.Svd;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.random.DoubleRange;
import org.lora4j.random.IntRange;
import org.lora4j.random.RandomTest;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class AdapterExtractionTest {
    private static final DataType D = DataType.DOUBLE;

    @RandomTest(tries = 30)
    void theErrorIsTheErrorOfTheDecomposition(@IntRange(min = 1, max = 9) int rank, boolean isFloat, long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        Network base = network(type, seed);
        Network tuned = tuned(base, seed, "fc1", "fc2");

        AdapterApproximation extracted = AdapterExtraction.extract(base, tuned, TargetRank.of(rank), BiasTraining.NONE);

        for (String path : List.of("fc1", "fc2")) {
            INDArray update = update(base, tuned, path);
            Svd svd = Svd.thin(update);
            int r = (int) Math.min(rank, Math.min(update.size(0), update.size(1)));
            double tolerance = tolerance(type) * norm(update);
            assertThat(layer(extracted.adapter(), path).rank()).isEqualTo(r);
            assertThat(extracted.adapter().config().scaleOf(path)).isOne();
            assertThat(distance(delta(extracted.adapter(), path), update)).isCloseTo(svd.error(r), within(tolerance));
            assertThat(extracted.layers()).hasEntrySatisfying(path, left -> {
                assertThat(left.rank()).isEqualTo(r);
                assertThat(left.error()).isCloseTo(svd.error(r), within(tolerance));
                assertThat(left.relativeError()).isCloseTo(svd.relativeError(r), within(tolerance(type)));
            });
        }
    }

    @RandomTest(tries = 30)
    void theSmallestRankThatKeepsTheEnergyIsChosen(
            @DoubleRange(min = 0.05, max = 0.99) double share, boolean isFloat, long seed) {
        DataType type = isFloat ? DataType.FLOAT : D;
        Network base = network(type, seed);
        Network tuned = tuned(base, seed, "fc1", "fc2");

        AdapterApproximation extracted =
                AdapterExtraction.extract(base, tuned, TargetRank.ofEnergy(share), BiasTraining.NONE);

        for (String path : List.of("fc1", "fc2")) {
            INDArray update = update(base, tuned, path);
            Svd svd = Svd.thin(update);
            int r = layer(extracted.adapter(), path).rank();
            double left = distance(delta(extracted.adapter(), path), update) / norm(update);
            assertThat(left * left).isLessThan(1 - share + 1e-5);
            if (r > 1) {
                assertThat(svd.relativeError(r - 1) * svd.relativeError(r - 1)).isGreaterThan(1 - share - 1e-5);
            }
        }
    }

    @Test
    void anUpdateOfLowRankIsFoundExactly() {
        Network base = network(D, 1);
        Network tuned = base.copy();
        INDArray update = gaussian(D, 2, 7, 2).mmul(gaussian(D, 3, 2, 6));
        tuned.linear("fc1").weight().addi(update);

        AdapterApproximation extracted =
                AdapterExtraction.extract(base, tuned, TargetRank.ofEnergy(1 - 1e-12), BiasTraining.NONE);

        assertThat(layer(extracted.adapter(), "fc1").rank()).isEqualTo(2);
        assertThat(distance(delta(extracted.adapter(), "fc1"), update)).isLessThan(1e-12);
    }

    @Test
    void layersWithoutAnUpdateAreReportedButNotAdapted() {
        Network base = network(D, 1);

        AdapterApproximation extracted =
                AdapterExtraction.extract(base, tuned(base, 2, "fc2"), TargetRank.of(1), BiasTraining.NONE);

        assertThat(extracted.adapter().weights()).containsOnlyKeys("fc2");
        assertThat(extracted.layers().keySet()).containsExactly("fc1", "fc2");
        assertThat(extracted.layers()).containsEntry("fc1", new AdapterApproximation.Layer(0, 0, 0));
        assertThat(extracted.adapter().config().targetModules()).isEqualTo(TargetModules.of("fc2"));
    }

    @Test
    void theConfigurationTargetsExactlyTheLayersThatDiffer() {
        Network base = Network.builder(3)
                .linear("fc", 4)
                .linear("block.fc", 5)
                .linear("out", 2)
                .build(1);

        LoRAAdapter extracted = AdapterExtraction.extract(
                        base, tuned(base, 2, "fc", "out"), TargetRank.of(3), BiasTraining.NONE)
                .adapter();

        assertThat(ModuleSelection.of(base, extracted.config()).adapted()).containsExactly("fc", "out");
        LoRAModel.of(base).add("fits", extracted);
    }

    @Test
    void aNormalizationThatDiffersIsCopiedInFull() {
        Network fresh = new Network(List.of(
                new Linear("fc", gaussian(D, 1, 4, 6), null),
                new LayerNorm("first", Nd4j.ones(D, 4), Nd4j.zeros(D, 4), 1e-5),
                new LayerNorm("second", Nd4j.ones(D, 4), Nd4j.zeros(D, 4), 1e-5)));
        Network other = fresh.copy();
        other.linear("fc").weight().addi(gaussian(D, 2, 4, 6));
        other.baseLayer("second").weight().muli(3);
        Objects.requireNonNull(other.baseLayer("second").bias()).addi(1);

        for (BiasTraining bias : List.of(BiasTraining.NONE, BiasTraining.ALL)) {
            LoRAAdapter adapter = AdapterExtraction.extract(fresh, other, TargetRank.of(4), bias)
                    .adapter();
            assertThat(adapter.config().modulesToSave()).containsExactly("second");
            assertThat(adapter.savedModules()).containsOnlyKeys("second");
            LoRAModel model = LoRAModel.of(fresh.copy());
            INDArray x = gaussian(D, 3, 5, 6);
            assertThat(distance(model.add("extracted", adapter).predict(x), other.predict(x)))
                    .isLessThan(1e-9);
        }
    }

    @Test
    void biasesThatDifferAreRefusedUnlessTheyAreExtracted() {
        Network base = network(D, 1);
        Network tuned = tuned(base, 2, "fc1");
        bias(tuned, "fc1").addi(1);
        bias(tuned, "fc2").addi(1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterExtraction.extract(base, tuned, TargetRank.of(1), BiasTraining.NONE))
                .withMessage(
                        "each bias that differs must be extracted, but NONE omits some (use ALL), found fc1.bias; fc2.bias");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterExtraction.extract(base, tuned, TargetRank.of(1), BiasTraining.LORA_ONLY))
                .withMessage(
                        "each bias that differs must be extracted, but LORA_ONLY omits some (use ALL), found fc2.bias");
    }

    @Test
    void withItsBiasesTheAdapterGivesTheOutputsOfTheTunedNetwork() {
        Network base = network(D, 1);
        Network tuned = tuned(base, 2, "fc1", "fc2");
        bias(tuned, "fc1").addi(gaussian(D, 3, 7));
        INDArray x = gaussian(D, 4, 5, 6);

        for (BiasTraining which : List.of(BiasTraining.LORA_ONLY, BiasTraining.ALL)) {
            LoRAAdapter extracted = AdapterExtraction.extract(base, tuned, TargetRank.of(9), which)
                    .adapter();
            assertThat(extracted.config().bias()).isEqualTo(which);
            assertThat(extracted.biases()).containsOnlyKeys("fc1", "fc2");
            LoRAModel model = LoRAModel.of(base);
            model.add("extracted", extracted);
            assertThat(distance(model.predict(x), tuned.predict(x))).isLessThan(1e-11);
        }
    }

    @Test
    void bothNetworksStayUnchanged() {
        Network base = network(D, 1);
        Network tuned = tuned(base, 2, "fc1");
        List<INDArray> before = copies(base, tuned);

        LoRAAdapter extracted = AdapterExtraction.extract(base, tuned, TargetRank.of(2), BiasTraining.LORA_ONLY)
                .adapter();
        extracted.biases().values().forEach(bias -> bias.assign(0));

        assertThat(copies(base, tuned)).isEqualTo(before);
    }

    @Test
    void refusesEqualNetworks() {
        Network base = network(D, 1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterExtraction.extract(base, base.copy(), TargetRank.of(2), BiasTraining.ALL))
                .withMessage(
                        "at least one weight must differ between the models, found equal weights in all of [fc1, fc2]");
    }

    @Test
    void refusesNetworksWithOtherLayers() {
        Network base = network(D, 1);
        Network other =
                Network.builder(6).dataType(D).linear("fc1", 7).linear("fc3", 4).build(1);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterExtraction.extract(base, other, TargetRank.of(2), BiasTraining.ALL))
                .withMessageStartingWith("the models must have the same layers, found [fc1: LINEAR [7, 6] DOUBLE,")
                .withMessageContaining("fc3: LINEAR [4, 7]");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterExtraction.extract(
                        base, network(DataType.FLOAT, 1), TargetRank.of(2), BiasTraining.ALL));
    }

    @Test
    void refusesValuesThatAreNotFinite() {
        Network base = network(D, 1);
        Network tuned = tuned(base, 2, "fc1");
        bias(tuned, "fc2").putScalar(0, Double.NaN);
        Network broken = tuned(base, 2, "fc1");
        broken.linear("fc2").weight().putScalar(0, Double.POSITIVE_INFINITY);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterExtraction.extract(base, tuned, TargetRank.of(2), BiasTraining.ALL))
                .withMessage("fc2.bias: must be finite, found NaN or an infinity");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> AdapterExtraction.extract(base, broken, TargetRank.of(2), BiasTraining.ALL))
                .withMessage("fc2.weight: must be finite in both models, found NaN or an infinity");
    }

    private static Network network(DataType type, long seed) {
        return Network.builder(6)
                .dataType(type)
                .linear("fc1", 7)
                .relu()
                .linear("fc2", 4)
                .build(seed);
    }

    private static Network tuned(Network base, long seed, String... paths) {
        Network tuned = base.copy();
        for (String path : paths) {
            INDArray weight = tuned.linear(path).weight();
            weight.addi(gaussian(weight.dataType(), seed + path.hashCode(), weight.shape()));
        }
        return tuned;
    }

    private static INDArray update(Network base, Network tuned, String path) {
        return tuned.linear(path)
                .weight()
                .castTo(D)
                .sub(base.linear(path).weight().castTo(D));
    }

    private static INDArray bias(Network network, String path) {
        Parameter bias = network.linear(path).biasParameter();
        if (bias == null) {
            throw new AssertionError(path + " has no bias");
        }
        return bias.value();
    }

    private static List<INDArray> copies(Network... networks) {
        return List.of(networks).stream()
                .flatMap(network -> network.parameters().stream())
                .map(parameter -> parameter.value().dup())
                .toList();
    }
}
