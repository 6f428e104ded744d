package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.LoRAConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

/** A base must stay as it was, and must be a plain network. */
class ChangedBaseTest {
    private static final LoRAConfig CONFIG = Networks.config(2, "first");

    private final MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
    private final LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
    private final MultiLayerNetwork adapted = lora.add("a", CONFIG, new Sgd(0.1));

    private static DataSet data() {
        return new DataSet(Networks.normal(DataType.FLOAT, 1, 4, 5), Networks.labels(DataType.FLOAT, 4, 3));
    }

    @Test
    void refusesAChangedBaseWhereItMatters(@TempDir Path folder) throws Exception {
        lora.save("a", folder.resolve("before"));
        INDArray values = base.params().dup();
        base.fit(data());
        List<ThrowingCallable> calls = List.of(
                () -> lora.merge("a"),
                () -> lora.save("a", folder.resolve("a")),
                () -> lora.add("b", CONFIG, new Sgd(0.1)),
                () -> lora.add("b", lora.adapter("a"), new Sgd(0.1)),
                () -> lora.load("b", folder.resolve("before"), new Sgd(0.1)),
                () -> lora.add("b", CONFIG, adapted),
                () -> adapted.output(data().getFeatures()),
                () -> adapted.fit(data()),
                () -> adapted.score(data()));
        for (ThrowingCallable call : calls) {
            assertThatThrownBy(call)
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("layer 'first': the base must keep the values that it had when the LoRANetwork was"
                            + " created, found others; give the base its old values back, or create a LoRANetwork of the"
                            + " changed base and train adapters for it");
        }
        assertThat(folder.resolve("a")).doesNotExist();
        assertThat(lora.names()).containsExactly("a");
        base.setParams(values);
        assertThat(lora.merge("a").output(data().getFeatures()).distance2(adapted.output(data().getFeatures())))
                .isLessThan(1e-6);
    }

    @Test
    void namesTheLayerThatChanged() {
        base.getLayer(2).getParam("b").putScalar(1, 0.5);
        assertThatThrownBy(() -> lora.merge("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("layer 'head': the base must keep");
    }

    @Test
    void aTrainingOfAnAdapterChangesNothing() {
        adapted.fit(data());
        assertThat(lora.merge("a").output(data().getFeatures()).distance2(adapted.output(data().getFeatures())))
                .isLessThan(1e-6);
    }

    @Test
    void refusesAnAdaptedNetworkAsABase() {
        assertThatThrownBy(() -> LoRANetwork.of(adapted))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("layer 'first': the base must be a plain network, found one that a LoRANetwork made; add"
                        + " adapters to that LoRANetwork, or merge the adapter first");
        assertThatThrownBy(() -> LoRANetwork.of(adapted.clone())).hasMessageContaining("must be a plain network");
        assertThat(LoRANetwork.of(lora.merge("a")).paths()).containsExactly("first", "second", "head");
    }

    @Test
    void refusesAnAdaptedGraphAsABase() {
        ComputationGraphConfiguration conf = Networks.builder(DataType.FLOAT)
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.feedForward(5))
                .addLayer("first", Networks.dense("first", 6), "in")
                .addLayer("head", Networks.output("head", 3), "first")
                .setOutputs("head")
                .build();
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        LoRANetwork<ComputationGraph> ofGraph = LoRANetwork.of(graph);
        ComputationGraph adaptedGraph = ofGraph.add("a", CONFIG, new Sgd(0.1));
        assertThatThrownBy(() -> LoRANetwork.of(adaptedGraph))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("layer 'first': the base must be a plain network");
        graph.fit(data());
        assertThatThrownBy(() -> ofGraph.merge("a"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("layer 'first': the base must keep");
    }
}
