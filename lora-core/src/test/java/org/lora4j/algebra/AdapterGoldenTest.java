package org.lora4j.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.algebra.AdapterSamples.adapter;
import static org.lora4j.algebra.AdapterSamples.distance;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.Models;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Compares outputs of networks with calculated adapters with the outputs of PEFT, the reference implementation. */
@Tag("numbers")
class AdapterGoldenTest {
    private static final String WEIGHTED = "multi_weighted";
    private static final List<String> ALL = List.of("linear1", "linear2", "linear3");
    private static final double TOLERANCE = 1e-5;

    private final LoRAAdapter a = read("multi_weighted/adapters/a", LoRAConfig.of(3, 6), ALL);
    private final LoRAAdapter b = read("multi_weighted/adapters/b", LoRAConfig.of(3, 12), ALL);
    private final LoRAAdapter c = read(
            "multi_weighted/adapters/c",
            LoRAConfig.builder()
                    .rank(5)
                    .alpha(5)
                    .targetModules("linear1", "linear2")
                    .build(),
            ALL.subList(0, 2));

    AdapterGoldenTest() throws IOException {}

    @Test
    void catGivesTheReferenceOutputs() throws IOException {
        assertOutput(WEIGHTED, AdapterCombination.of(a, 0.7).plus(b, 0.3).cat(), "y_cat_07_03");
    }

    @Test
    void linearGivesTheReferenceOutputs() throws IOException {
        assertOutput(WEIGHTED, AdapterCombination.of(a, 0.7).plus(b, 0.3).linear(), "y_linear_07_03");
    }

    @Test
    void svdAtTheSumOfTheRanksEqualsCat() throws IOException {
        assertOutput(
                WEIGHTED,
                AdapterCombination.of(a, 0.7).plus(b, 0.3).svd(TargetRank.of(6)).adapter(),
                "y_cat_07_03");
    }

    @Test
    void catWithWeightsOneEqualsBothAdaptersActive() throws IOException {
        assertOutput(WEIGHTED, AdapterCombination.of(a, 1).plus(b, 1).cat(), "y_a_and_b_active");
        assertOutput(WEIGHTED, AdapterCombination.of(a, 1).plus(c, 1).cat(), "y_a_and_c_active");
    }

    @Test
    void twoActiveAdaptersEqualTheirCat() throws IOException {
        LoRAModel model = LoRAModel.of(network(WEIGHTED));
        model.add("a", a);
        model.add("c", c);
        model.add("cat", AdapterCombination.of(a, 1).plus(c, 1).cat());
        INDArray x = io(WEIGHTED).tensor("x");

        assertNear(model.using("cat").predict(x), model.using("a", "c").predict(x));
    }

    @Test
    void aWeightScalesTheUpdateOfTheOutput() {
        Network network = Network.builder(6).linear("fc", 5).build(1);
        LoRAModel model = LoRAModel.of(network);
        LoRAAdapter one = adapter(DataType.FLOAT, 3, 5, 6, 2, 3);
        INDArray x = AdapterSamples.gaussian(DataType.FLOAT, 4, 7, 6);
        model.add("one", one);
        INDArray base = model.base().predict(x);
        INDArray added = model.using("one").predict(x).sub(base);

        for (double w : new double[] {0.4, -1, -2.5}) {
            model.add("cat" + w, AdapterCombination.of(one, w).cat());
            model.add("linear" + w, AdapterCombination.of(one, w).linear());
            assertNear(model.using("cat" + w).predict(x), base.add(added.mul(w)));
            assertNear(model.using("linear" + w).predict(x), base.add(added.mul(w)));
        }
        model.add("none", AdapterCombination.of(one, 1).plus(one, -1).cat());
        assertNear(model.using("none").predict(x), base);
    }

    @Test
    void doraConvertedAtFullRankGivesTheReferenceOutputs() throws IOException {
        String name = "dora_r3_a6";
        LoRAAdapter dora = read(
                "dora_r3_a6/adapter",
                LoRAConfig.builder().rank(3).alpha(6).dora(true).build(),
                ALL);

        AdapterApproximation plain = AdapterConversion.toLoRA(network(name), dora, TargetRank.of(16));

        assertThat(plain.adapter().config().dora()).isFalse();
        assertThat(plain.layers().values())
                .allSatisfy(layer -> assertThat(layer.error()).isZero());
        assertOutput(name, plain.adapter(), "y_adapter");
    }

    @Test
    void anAdapterExtractedFromTheMergedNetworkGivesTheOutputsOfTheOriginal() throws IOException {
        LoRAModel model = LoRAModel.of(network(WEIGHTED));
        model.add("a", a);

        AdapterApproximation extracted =
                AdapterExtraction.extract(network(WEIGHTED), model.merge("a"), TargetRank.of(3), BiasTraining.NONE);

        assertThat(extracted.layers().values())
                .allSatisfy(layer -> assertThat(layer.relativeError()).isLessThan(1e-5));
        assertOutput(WEIGHTED, extracted.adapter(), "y_a");
    }

    private static void assertOutput(String name, LoRAAdapter adapter, String expected) throws IOException {
        LoRAModel model = LoRAModel.of(network(name));
        model.add("adapter", adapter);
        assertNear(model.predict(io(name).tensor("x")), io(name).tensor(expected));
    }

    private static void assertNear(INDArray found, INDArray expected) {
        assertThat(Differences.greatest(found, expected)).isLessThan(TOLERANCE);
        assertThat(distance(found, Nd4j.zeros(found.shape()))).isGreaterThan(0.1);
    }

    private static Network network(String name) throws IOException {
        Network network = Models.dense(12, 16, 9, 5);
        network.loadParameters(golden(name + "/base.safetensors"));
        return network;
    }

    private static SafeTensors io(String name) throws IOException {
        return SafeTensors.read(golden(name + "/io.safetensors"));
    }

    private static LoRAAdapter read(String folder, LoRAConfig config, List<String> paths) throws IOException {
        SafeTensors tensors = SafeTensors.read(golden(folder + "/adapter_model.safetensors"));
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        for (String path : paths) {
            String prefix = "base_model.model." + path + ".";
            weights.put(
                    path,
                    new LoRAWeights(
                            tensors.tensor(prefix + "lora_A.weight"),
                            tensors.tensor(prefix + "lora_B.weight"),
                            config.dora() ? tensors.tensor(prefix + "lora_magnitude_vector") : null,
                            null));
        }
        return new LoRAAdapter(config, weights);
    }

    private static Path golden(String path) {
        return Path.of(Objects.requireNonNull(AdapterGoldenTest.class.getResource("/golden/" + path), path)
                .getPath());
    }
}
