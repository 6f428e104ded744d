package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** A graph with two inputs and two outputs. */
@ExtendWith(InDouble.class)
@Tag("numbers")
class GraphTest {
    private static final DataType DOUBLE = DataType.DOUBLE;

    private final ComputationGraph base = graph();
    private final LoRANetwork<ComputationGraph> lora = LoRANetwork.of(base);
    private final INDArray[] x = {Networks.normal(DOUBLE, 1, 6, 5), Networks.normal(DOUBLE, 2, 6, 3)};
    private final INDArray[] y = {Networks.labels(DOUBLE, 6, 3), Networks.labels(DOUBLE, 6, 2)};
    private final LoRAConfig config = Networks.config(2, "left", "shared", "one");

    private static ComputationGraph graph() {
        ComputationGraphConfiguration conf = Networks.builder(DOUBLE)
                .graphBuilder()
                .addInputs("a", "b")
                .addLayer("left", Networks.dense("left", 4), "a")
                .addLayer("right", Networks.dense("right", 4), "b")
                .addVertex("sum", new ElementWiseVertex(ElementWiseVertex.Op.Add), "left", "right")
                .addLayer("shared", Networks.dense("shared", 4), "sum")
                .addVertex("both", new MergeVertex(), "shared", "right")
                .addLayer("one", Networks.output("one", 3), "both")
                .addLayer("two", Networks.output("two", 2), "shared")
                .setInputTypes(InputType.feedForward(5), InputType.feedForward(3))
                .setOutputs("one", "two")
                .build();
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        return graph;
    }

    private static void assertClose(INDArray[] found, INDArray[] expected, double tolerance) {
        for (int i = 0; i < expected.length; i++) {
            assertThat(found[i].distance2(expected[i])).isLessThanOrEqualTo(tolerance);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"left", "right", "shared", "one", "two", "left,shared,two", "right,one"})
    void gradientsAgreeWithDifferences(String targets) {
        ComputationGraph adapted = lora.add("a", Networks.config(2, targets.split(",")), new Sgd(1));
        Networks.disturb(adapted.params());
        assertThat(GradientCheckUtil.checkGradients(new GradientCheckUtil.GraphConfig()
                        .net(adapted)
                        .inputs(x)
                        .labels(y)
                        .print(GradientCheckUtil.PrintMode.FAILURES_ONLY)
                        .epsilon(1e-6)
                        .maxRelError(1e-5)
                        .minAbsoluteError(1e-9)))
                .isTrue();
        assertClose(lora.merge("a").output(x), adapted.output(x), 1e-12);
    }

    @Test
    void trainsSavesAndLoads(@TempDir Path folder) throws IOException {
        INDArray frozen = base.params().dup();
        ComputationGraph adapted = lora.add("a", config, new Adam(0.05));
        assertClose(adapted.output(x), base.output(x), 1e-12);
        MultiDataSet data = new MultiDataSet(x, y);
        double score = adapted.score(data);
        for (int i = 0; i < 30; i++) {
            adapted.fit(data);
        }
        assertThat(adapted.score(data)).isLessThan(0.7 * score);
        Networks.assertSameBits(base.params(), frozen);
        assertThat(adapted.numParams()).isEqualTo(2 * (5 + 4) + 2 * (4 + 4) + 2 * (8 + 3));

        lora.save("a", folder);
        ComputationGraph loaded = lora.load("b", folder, new Adam(0.05), ReadOptions.of(FingerprintCheck.REQUIRE));
        assertClose(loaded.output(x), adapted.output(x), 1e-6);
        lora.setEnabled("a", false);
        for (int i = 0; i < 2; i++) {
            Networks.assertSameBits(adapted.output(x)[i], base.output(x)[i]);
        }
    }

    @Test
    void goesOnTrainingFromAFileAsIfItHadNotStopped(@TempDir Path folder) throws IOException {
        MultiDataSet data = new MultiDataSet(x, y);
        ComputationGraph adapted = lora.add("a", config, new Adam(0.05));
        adapted.fit(data);
        File file = folder.resolve("network.zip").toFile();
        ModelSerializer.writeModel(adapted, file, true);
        ComputationGraph restored = ModelSerializer.restoreComputationGraph(file, true);
        assertThatThrownBy(() -> restored.output(x)).hasMessageContaining("must be attached to the network");
        ComputationGraph again = LoRANetwork.of(base).add("a", config, restored);
        adapted.fit(data);
        again.fit(data);
        Networks.assertSameBits(again.params(), adapted.params());
    }

    @Test
    void passesByLayersWithoutParameters() {
        ComputationGraphConfiguration conf = Networks.builder(DOUBLE)
                .graphBuilder()
                .addInputs("a")
                .addLayer("first", Networks.dense("first", 3), "a")
                .addLayer("loss", new LossLayer.Builder(LossFunctions.LossFunction.MSE).build(), "first")
                .setInputTypes(InputType.feedForward(5))
                .setOutputs("loss")
                .build();
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        ComputationGraph adapted = LoRANetwork.of(graph).add("a", Networks.config(1, "first"), new Adam(0.1));
        MultiDataSet data = new MultiDataSet(new INDArray[] {x[0]}, new INDArray[] {y[0]});
        double score = adapted.score(data);
        adapted.fit(data);
        assertThat(adapted.score(data)).isLessThan(score);
    }

    @Test
    void refusesVerticesWithParameters() {
        ComputationGraphConfiguration conf = Networks.builder(DOUBLE)
                .graphBuilder()
                .addInputs("a")
                .addVertex(
                        "attention",
                        new AttentionVertex.Builder()
                                .nHeads(1)
                                .headSize(2)
                                .nInQueries(4)
                                .nInKeys(4)
                                .nInValues(4)
                                .nOut(4)
                                .projectInput(true)
                                .build(),
                        "a",
                        "a",
                        "a")
                .addLayer("out", Networks.rnnOutput("out", 3), "attention")
                .setInputTypes(InputType.recurrent(4, 5))
                .setOutputs("out")
                .build();
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        assertThatThrownBy(() -> LoRANetwork.of(graph))
                .hasMessageContaining("vertex 'attention': only layers can have parameters");
    }
}
