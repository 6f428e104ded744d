package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Network;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Gradients against central differences in double. The gradient of a layer's input is what the parameters of the layer
 * before it depend on.
 */
@Tag("numbers")
class LoRAGradientTest {
    private static final double STEP = 1e-5;
    private static final double TOLERANCE = 1e-7;

    private final Network network = network('c');

    private static Network network(char order) {
        SplittableRandom random = new SplittableRandom(1);
        return new Network(List.of(
                linear(random, "first", 4, 5, order),
                new Activation("tanh", new ActivationTanH()),
                linear(random, "second", 5, 3, order)));
    }

    private static Linear linear(SplittableRandom random, String path, int in, int out, char order) {
        return new Linear(
                path,
                RandomArrays.gaussian(random, 0.7, DataType.DOUBLE, out, in).dup(order),
                RandomArrays.gaussian(random, 0.7, DataType.DOUBLE, out));
    }

    private static LoRAConfigBuilder config(long seed) {
        return LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random()).seed(seed);
    }

    private static void registerOnAll(Network network, String name, LoRAConfig config) {
        network.linears().forEach(linear -> LoRAParametrization.register(linear, name, config));
    }

    /** The loss {@code Σ g∘y} has the output gradient g. */
    private static void assertGradients(Network network, int rows, int parameters) {
        Pass pass = network.newTrainingPass();
        SplittableRandom random = new SplittableRandom(2);
        INDArray x = RandomArrays.gaussian(random, 1, DataType.DOUBLE, rows, network.inputSize());
        INDArray outputGradient = RandomArrays.gaussian(random, 1, DataType.DOUBLE, rows, network.outputSize());
        loss(pass, x, outputGradient);
        pass.backward(outputGradient);
        assertThat(pass.trainableParameters()).hasSize(parameters);
        for (Parameter parameter : pass.trainableParameters()) {
            // A gradient has the order of its parameter, so the elements of both are where they are in memory.
            DataBuffer gradient =
                    pass.gradient(parameter).dup(parameter.value().ordering()).data();
            DataBuffer value = parameter.value().data();
            for (long i = 0; i < value.length(); i++) {
                double before = value.getDouble(i);
                value.put(i, before + STEP);
                double above = loss(pass, x, outputGradient);
                value.put(i, before - STEP);
                double below = loss(pass, x, outputGradient);
                value.put(i, before);
                assertThat(gradient.getDouble(i))
                        .as("%s[%d]", parameter.name(), i)
                        .isCloseTo((above - below) / (2 * STEP), within(TOLERANCE));
            }
        }
    }

    /** Always the same step, so that dropout draws the same mask. */
    private static double loss(Pass pass, INDArray x, INDArray outputGradient) {
        pass.segment().setStep(3);
        return pass.forward(x).mul(outputGradient).sumNumber().doubleValue();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 6})
    void ofAAndB(int rows) {
        registerOnAll(network, "one", config(1).build());
        assertGradients(network, rows, 4);
    }

    @Test
    void ofSeveralParametrizations() {
        registerOnAll(network, "one", config(1).build());
        registerOnAll(network, "two", config(2).rank(3).rankStabilized(true).build());
        assertGradients(network, 6, 8);
    }

    @Test
    void ofTheBiasOfB() {
        registerOnAll(network, "one", config(1).loraBias(true).build());
        assertGradients(network, 6, 6);
    }

    @Test
    void underDropout() {
        registerOnAll(network, "one", config(1).dropout(0.4).build());
        assertGradients(network, 6, 4);
    }

    @Test
    void ofSeveralParametrizationsUnderDropoutsOfTheirOwn() {
        registerOnAll(network, "one", config(1).dropout(0.4).build());
        registerOnAll(network, "two", config(2).dropout(0.2).build());
        registerOnAll(network, "three", config(3).build());
        assertGradients(network, 6, 12);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.4})
    void withAPartSubtractedFromTheBaseByPissa(double dropout) {
        registerOnAll(
                network,
                "one",
                config(1).init(LoRAInit.pissa()).dropout(dropout).build());
        SmallModels.disturb(network);
        assertGradients(network, 6, 4);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.4})
    void withAPartSubtractedFromTheBaseByOlora(double dropout) {
        registerOnAll(
                network,
                "one",
                config(1).init(LoRAInit.olora()).dropout(dropout).build());
        SmallModels.disturb(network);
        assertGradients(network, 6, 4);
    }

    @Test
    void ofWeightsStoredTheOtherWayRound() {
        Network turned = network('f');
        registerOnAll(turned, "one", config(1).loraBias(true).build());
        assertGradients(turned, 6, 6);
    }

    @Test
    void ofWeightsStoredTheOtherWayRoundThatTrainToo() {
        Network turned = network('f');
        registerOnAll(turned, "one", config(1).dropout(0.4).build());
        turned.unfreeze();
        assertGradients(turned, 6, 8);
    }

    @Test
    void ofTheBaseBesideAParametrization() {
        registerOnAll(network, "one", config(1).build());
        network.unfreeze();
        assertGradients(network, 6, 8);
    }

    @Test
    void ofTheBaseWhenParametrizationsAreDisabled() {
        registerOnAll(network, "one", config(1).build());
        network.linears().forEach(linear -> linear.updates().setEnabled("one", false));
        network.unfreeze();
        assertGradients(network, 6, 4);
    }

    @Test
    void ofTheBaseWhenParametrizationsAreRemoved() {
        registerOnAll(network, "one", config(1).build());
        network.linears().forEach(linear -> linear.updates().remove("one"));
        network.unfreeze();
        assertGradients(network, 6, 4);
    }

    @Test
    void ofOneParametrizationWhileAnotherIsFrozen() {
        registerOnAll(network, "one", config(1).build());
        network.linears()
                .forEach(linear ->
                        linear.updates().effective().parameters().forEach(parameter -> parameter.setTrainable(false)));
        registerOnAll(network, "two", config(2).build());
        assertGradients(network, 6, 4);
    }

    @Test
    void ofALayerBeforeAnAdaptedOne() {
        LoRAParametrization.register(
                network.linear("second"), config(1).dropout(0.4).build());
        network.linear("first").parameters().forEach(parameter -> parameter.setTrainable(true));
        assertGradients(network, 6, 4);
    }
}
