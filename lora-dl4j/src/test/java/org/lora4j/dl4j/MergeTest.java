package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.LoRAConfig;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * A merged network computes what the adapted one does: random networks and adapters, with seeds from {@code -Dattack.seed}
 * on, {@code -Dattack.count} of them.
 */
@Tag("numbers")
class MergeTest {
    private static final DataType DOUBLE = DataType.DOUBLE;

    static LongStream seeds() {
        long first = Long.getLong("attack.seed", 0);
        return LongStream.range(first, first + Integer.getInteger("attack.count", 60));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    @Tag("slow")
    void ofRandomNetworks(long seed) {
        RandomNetwork one = new RandomNetwork(seed);
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(one.base);
        LoRAConfig config = one.config(lora);
        MultiLayerNetwork network = lora.add("a", config, new Adam(0.05));
        INDArray params = one.base.params().dup();
        Networks.disturb(network.params());
        requireSame(one, config, lora.merge("a"), network);
        for (int step = 0; step < 2; step++) {
            network.fit(new DataSet(one.x, one.y));
        }
        requireSame(one, config, lora.merge("a"), network);
        MultiLayerNetwork added = lora.add("b", lora.adapter("a"), new Sgd(1));
        requireSame(one, config, added, network);
        assertThat(one.base.params().equalsWithEps(params, 0)).isTrue();
        lora.setEnabled("a", false);
        assertThat(network.output(one.x).equalsWithEps(one.base.output(one.x), 0))
                .as("%s disabled", config)
                .isTrue();
    }

    private static void requireSame(
            RandomNetwork one, LoRAConfig config, MultiLayerNetwork actual, MultiLayerNetwork expected) {
        assertThat(actual.output(one.x).distance2(expected.output(one.x)))
                .as(
                        "%s on %s",
                        config,
                        one.base.getLayerWiseConfigurations().getConfs().stream()
                                .map(conf -> conf.getLayer().getClass().getSimpleName())
                                .toList())
                .isLessThan(one.type == DataType.FLOAT ? 2e-5 : 1e-12);
    }

    static Stream<Arguments> withoutBias() {
        List<Arguments> cases = new ArrayList<>();
        for (boolean frozen : new boolean[] {false, true}) {
            Layer dense = new DenseLayer.Builder().nOut(6).hasBias(false).build();
            cases.add(
                    Arguments.of(frozen ? new FrozenLayer(dense) : dense, InputType.feedForward(5), new long[] {4, 5}));
        }
        cases.add(Arguments.of(
                new ConvolutionLayer.Builder(2, 2).nOut(6).hasBias(false).build(),
                InputType.convolutional(4, 4, 2),
                new long[] {3, 2, 4, 4}));
        cases.add(Arguments.of(
                new Convolution1DLayer.Builder(2).nOut(6).hasBias(false).build(),
                InputType.recurrent(4, 5),
                new long[] {3, 4, 5}));
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("withoutBias")
    void aLayerWithoutBiasGetsOneForTheBiasOfB(Layer layer, InputType input, long[] shape) {
        boolean isSequence = shape.length == 3;
        Layer head = isSequence
                ? new RnnOutputLayer.Builder(LossFunction.MSE)
                        .name("head")
                        .nOut(3)
                        .activation(Activation.TANH)
                        .build()
                : new OutputLayer.Builder(LossFunction.MSE)
                        .name("head")
                        .nOut(3)
                        .hasBias(false)
                        .activation(Activation.TANH)
                        .build();
        MultiLayerNetwork base = Networks.of(DOUBLE, input, layer, head);
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .alpha(3)
                .loraBias(true)
                .targetModules("layer0", "head")
                .build();
        MultiLayerNetwork adapted = lora.add("a", config, new Sgd(0.1));
        Networks.disturb(adapted.params());
        MultiLayerNetwork merged = lora.merge("a");
        INDArray x = Networks.normal(DOUBLE, 1, shape);
        assertThat(merged.output(x).distance2(adapted.output(x))).isLessThan(1e-12);
        assertThat(base.getLayer(0).paramTable()).doesNotContainKey("b");
        assertThat(merged.getLayer(0).paramTable()).containsKey("b");
        assertThat(merged.getLayerWiseConfigurations().getConf(0).getLayer().getClass())
                .isEqualTo(layer.getClass());
        assertThat(LoRANetwork.of(merged).baseLayer("head").bias()).isNotNull();
        MultiLayerNetwork again = lora.add("b", lora.adapter("a"), new Sgd(0.1));
        assertThat(again.output(x).distance2(adapted.output(x))).isLessThan(1e-12);
    }

    @Test
    void aLayerOfAGraphWithoutBiasGetsOneToo() {
        ComputationGraphConfiguration conf = Networks.builder(DOUBLE)
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.feedForward(5))
                .addLayer(
                        "first", new DenseLayer.Builder().nOut(6).hasBias(false).build(), "in")
                .addLayer("second", Networks.dense("second", 6), "first")
                .addLayer("head", Networks.output("head", 3), "second")
                .setOutputs("head")
                .build();
        ComputationGraph graph = new ComputationGraph(conf);
        graph.init();
        LoRANetwork<ComputationGraph> lora = LoRANetwork.of(graph);
        LoRAConfig config = LoRAConfig.builder().rank(2).loraBias(true).build();
        ComputationGraph adapted = lora.add("a", config, new Sgd(0.1));
        Networks.disturb(adapted.params());
        INDArray x = Networks.normal(DOUBLE, 1, 4, 5);
        assertThat(lora.merge("a").outputSingle(x).distance2(adapted.outputSingle(x)))
                .isLessThan(1e-12);
    }

    static Stream<Arguments> withoutPlaceForABiasOfB() {
        return Stream.of(
                Arguments.of(
                        new DenseLayer.Builder()
                                .nOut(5)
                                .hasBias(false)
                                .hasLayerNorm(true)
                                .build(),
                        InputType.feedForward(5),
                        LoRAConfig.builder().rank(1).loraBias(true).build(),
                        "layer0: a bias of B must belong to a layer with a bias, or to one that computes with factors,"
                                + " found neither in a DenseLayer; set loraBias to false, or choose other targets"),
                Arguments.of(
                        new LSTM.Builder().nOut(5).build(),
                        InputType.recurrent(5),
                        LoRAConfig.builder()
                                .rank(1)
                                .loraBias(true)
                                .targetModules("layer0.RW")
                                .build(),
                        "layer0.RW: a bias of B must belong to a layer with a bias, or to one that computes with factors,"
                                + " found neither in a LSTM; set loraBias to false, or choose other targets"));
    }

    @ParameterizedTest
    @MethodSource("withoutPlaceForABiasOfB")
    void refusesABiasOfBWithoutAPlace(Layer layer, InputType input, LoRAConfig config, String message) {
        Layer head = input instanceof InputType.InputTypeRecurrent
                ? Networks.rnnOutput("head", 3)
                : Networks.output("head", 3);
        MultiLayerNetwork base = Networks.of(DOUBLE, input, layer, head);
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(base);
        assertThatThrownBy(() -> lora.add("a", config, new Sgd(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
        assertThat(lora.names()).isEmpty();
    }
}
