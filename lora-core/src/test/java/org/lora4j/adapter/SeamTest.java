package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.algebra.AdapterConversion;
import org.lora4j.algebra.AdapterExtraction;
import org.lora4j.algebra.TargetRank;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.io.peft.PeftFormatException;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A SameDiff graph and our own network with the same weights get the same adapters, files and reports. */
class SeamTest {
    private final Network network = Network.builder(6)
            .linear("linear1", 8)
            .relu()
            .linear("linear2", 5)
            .relu()
            .linear("linear3", 4, false)
            .build(1);
    private final SameDiffBase graph = new SameDiffBase(network);
    private final INDArray x = RandomArrays.gaussian(new SplittableRandom(3), 1, DataType.FLOAT, 7, 6);

    @TempDir
    private Path folder;

    static Stream<LoRAConfig> configs() {
        LoRAConfigBuilder two = LoRAConfig.builder().rank(2).alpha(3).seed(7);
        return Stream.of(
                two.build(),
                two.init(LoRAInit.random()).build(),
                two.init(LoRAInit.gaussianByRank()).bias(BiasTraining.ALL).build(),
                two.init(LoRAInit.orthogonal())
                        .bias(BiasTraining.NONE)
                        .loraBias(true)
                        .build(),
                two.init(LoRAInit.kaimingUniform())
                        .loraBias(false)
                        .dora(true)
                        .modulesToSave("linear3")
                        .build(),
                two.dora(false)
                        .modulesToSave()
                        .rankPattern(Map.of("linear2", 4))
                        .targetModules("linear1", "linear2")
                        .build());
    }

    @ParameterizedTest
    @MethodSource("configs")
    void initializesTheSameArrays(LoRAConfig config) {
        LoRAAdapter ofGraph = LoRAAdapter.initialize(graph, config).adapter();
        LoRAAdapter ofNetwork = LoRAAdapter.initialize(network, config).adapter();
        LoRAAdapter ofModel = LoRAModel.of(network).add("a", config).adapter();
        assertThat(ofGraph).isEqualTo(ofNetwork).isEqualTo(ofModel);
    }

    @Test
    void subtractsTheSameFromTheBase() {
        LoRAConfig config =
                LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.olora()).build();
        LoRAAdapter.Initialized ofGraph = LoRAAdapter.initialize(graph, config);
        LoRAAdapter.Initialized ofNetwork = LoRAAdapter.initialize(network, config);
        assertThat(ofGraph.subtracted()).isEqualTo(ofNetwork.subtracted()).containsOnlyKeys(network.paths());
        LoRAAdapter ordinary = ofGraph.adapter().againstBase(ofGraph.subtracted());
        assertThat(ordinary).isEqualTo(LoRAModel.of(network).add("a", config).adapter());
        assertThat(ordinary.config().rank()).isEqualTo(4);
    }

    @Test
    void filesOfOneHostAreThoseOfTheOther() throws Exception {
        LoRAConfig config =
                LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random()).build();
        LoRAAdapter adapter = LoRAAdapter.initialize(graph, config).adapter();
        PeftAdapters.save(adapter, graph, folder.resolve("graph"));
        PeftAdapters.save(adapter, network, folder.resolve("network"));
        SafeTensors ofGraph = SafeTensors.read(folder.resolve("graph/adapter_model.safetensors"));
        SafeTensors ofNetwork = SafeTensors.read(folder.resolve("network/adapter_model.safetensors"));
        assertThat(ofGraph.toBytes()).isEqualTo(ofNetwork.toBytes());
        assertThat(ofGraph.metadata()).containsKey("lora4j.base.linear2");

        LoRAAdapter byGraph =
                PeftAdapters.load(folder.resolve("network"), graph, ReadOptions.of(FingerprintCheck.REQUIRE));
        AdapterView byModel =
                LoRAModel.of(network).load("a", folder.resolve("graph"), ReadOptions.of(FingerprintCheck.REQUIRE));
        assertThat(byGraph).isEqualTo(byModel.adapter());
        assertThat(Differences.greatest(graph.predict(x, byGraph), byModel.predict(x)))
                .isLessThan(1e-5);
        assertThat(Differences.greatest(graph.predict(x, byGraph), network.predict(x)))
                .isGreaterThan(1e-2);
    }

    @Test
    void fingerprintsTellAnotherBase() throws Exception {
        LoRAAdapter adapter =
                LoRAAdapter.initialize(network, LoRAConfig.of(2, 3)).adapter();
        PeftAdapters.save(adapter, network, folder.resolve("a"));
        Network other = network.copy();
        other.linear("linear2").weight().putScalar(0, 0, 42);
        SameDiffBase otherGraph = new SameDiffBase(other);
        assertThatThrownBy(() ->
                        PeftAdapters.load(folder.resolve("a"), otherGraph, ReadOptions.of(FingerprintCheck.REQUIRE)))
                .isInstanceOf(PeftFormatException.class)
                .hasMessageContaining("found other weights in 'linear2'");
    }

    @Test
    void reportsExtractsAndConverts() {
        LoRAConfig config =
                LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random()).build();
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = model.add("a", config);
        LoRAAdapter adapter = LoRAAdapter.initialize(graph, config).adapter();
        assertThat(ParameterReport.of(graph, adapter.config(), adapter.weights()))
                .isEqualTo(view.parameterReport());

        SameDiffBase tuned = new SameDiffBase(view.merge());
        LoRAAdapter extracted = AdapterExtraction.extract(graph, tuned, TargetRank.of(2), BiasTraining.NONE)
                .adapter();
        assertThat(Differences.greatest(graph.predict(x, extracted), view.predict(x)))
                .isLessThan(1e-4);

        LoRAAdapter dora = LoRAAdapter.initialize(
                        graph, config.toBuilder().dora(true).build())
                .adapter();
        LoRAAdapter plain =
                AdapterConversion.toLoRA(graph, dora, TargetRank.of(8)).adapter();
        AdapterView doraView = model.add("dora", dora);
        assertThat(Differences.greatest(graph.predict(x, plain), doraView.predict(x)))
                .isLessThan(1e-4);
    }

    @Test
    void namesWhatDoesNotFit() {
        LoRAAdapter adapter =
                LoRAAdapter.initialize(network, LoRAConfig.of(2, 3)).adapter();
        SameDiffBase other = new SameDiffBase(
                Network.builder(6).linear("linear1", 9).linear("linear2", 5).build(1));
        assertThatThrownBy(() -> adapter.requireFits(other))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("linear1.lora_B must be [9, 2], found [8, 2]")
                .hasMessageContaining("no layer 'linear3'");
    }
}
