package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.fixtures.Differences;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class NetworkTest {
    private static Linear linear(String path, DataType type, long out, long in) {
        return new Linear(path, Nd4j.create(type, out, in), null);
    }

    private static void assertRefused(String message, Layer... layers) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Network(List.of(layers)))
                .withMessage(message);
    }

    private static Network.Builder threeLayers() {
        return Network.builder(784)
                .linear("linear1", 20)
                .relu()
                .linear("linear2", 30)
                .activation(new ActivationTanH())
                .linear("linear3", 10);
    }

    @Test
    void isBuiltInTheOrderOfTheCalls() {
        Network network = threeLayers().build(0);
        assertThat(network.inputSize()).isEqualTo(784);
        assertThat(network.outputSize()).isEqualTo(10);
        assertThat(network.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(network.layers()).hasSize(5);
        assertThat(network.linears()).extracting(Linear::path).containsExactly("linear1", "linear2", "linear3");
        assertThat(network.parameters())
                .extracting(Parameter::name)
                .containsExactly(
                        "linear1.weight",
                        "linear1.bias",
                        "linear2.weight",
                        "linear2.bias",
                        "linear3.weight",
                        "linear3.bias");
        assertThat(network.linear("linear2").weight().shape()).containsExactly(30, 20);
        assertThat(network).hasToString("Network" + network.layers());
    }

    @Test
    void startsWithinPyTorchsDefaultBound() {
        for (Linear linear : threeLayers().build(0).linears()) {
            double bound = 1 / Math.sqrt((double) linear.inputSize());
            for (Parameter parameter : linear.parameters()) {
                double greatest = Differences.fromZero(parameter.value());
                assertThat(greatest)
                        .as(parameter.name())
                        .isLessThanOrEqualTo(bound)
                        .isGreaterThan(0.8 * bound);
            }
        }
    }

    @Test
    void isTheSameForTheSameSeedAndAnotherForAnother() {
        for (Parameter parameter : threeLayers().build(1).parameters()) {
            assertThat(parameter(threeLayers().build(1), parameter.name())).isEqualTo(Samples.bits(parameter.value()));
            assertThat(parameter(threeLayers().build(2), parameter.name()))
                    .isNotEqualTo(Samples.bits(parameter.value()));
        }
    }

    private static double[] parameter(Network network, String name) {
        return network.parameters().stream()
                .filter(parameter -> parameter.name().equals(name))
                .map(parameter -> Samples.bits(parameter.value()))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void copyHasArraysOfItsOwn() {
        Network network = threeLayers().build(0);
        network.freeze();
        Network copy = network.copy();
        for (int i = 0; i < network.parameters().size(); i++) {
            Parameter original = network.parameters().get(i);
            Parameter copied = copy.parameters().get(i);
            assertThat(copied.name()).isEqualTo(original.name());
            assertThat(copied.value()).isEqualTo(original.value()).isNotSameAs(original.value());
            assertThat(copied.isTrainable()).isTrue();
        }
        INDArray before = network.linear("linear1").weight().dup();
        copy.linear("linear1").weight().assign(0);
        assertThat(network.linear("linear1").weight()).isEqualTo(before);
    }

    @Test
    void copyKeepsTheOrderOfItsWeights() {
        Network network = new Network(List.of(
                new Linear("l", Samples.gaussian(1, DataType.FLOAT, 3, 4).dup('f'), null)));
        assertThat(network.copy().linear("l").weight().ordering()).isEqualTo('f');
        assertThat(network.merge().linear("l").weight().ordering()).isEqualTo('f');
    }

    @Test
    void freezesAndUnfreezesAllItsParameters() {
        Network network = threeLayers().build(0);
        network.freeze();
        assertThat(network.parameters()).noneMatch(Parameter::isTrainable);
        network.unfreeze();
        assertThat(network.parameters()).allMatch(Parameter::isTrainable);
    }

    @TestFactory
    List<DynamicTest> refusesBadArguments() {
        return table(
                argument(() -> threeLayers().build(0).linear("relu"))
                        .says("no linear layer 'relu'; there are [linear1, linear2, linear3]"),
                argument(() -> Network.builder(0)).says("the input size must be at least 1, found 0"),
                argument(() -> Network.builder(3).linear("l", 0))
                        .says("l: the output size must be at least 1, found 0"));
    }

    @Test
    void refusesDuplicatePaths() {
        assertRefused(
                "the paths of layers must differ, found a twice",
                linear("a", DataType.FLOAT, 3, 3),
                linear("a", DataType.FLOAT, 3, 3));
        assertRefused(
                "the paths of layers must differ, found a twice",
                linear("a", DataType.FLOAT, 3, 3),
                new Activation("a", new ActivationReLU()));
    }

    @Test
    void refusesLayersThatDoNotFollow() {
        assertRefused(
                "b: must take the 3 values of the layer before, found 4 inputs",
                linear("a", DataType.FLOAT, 3, 2),
                new Activation("relu", new ActivationReLU()),
                linear("b", DataType.FLOAT, 2, 4));
    }

    @Test
    void refusesLayersOfDifferentTypes() {
        assertRefused(
                "b: must be FLOAT like a, found DOUBLE",
                linear("a", DataType.FLOAT, 3, 2),
                linear("b", DataType.DOUBLE, 2, 3));
    }

    @Test
    void refusesToBeWithoutALinearLayer() {
        assertRefused("a network needs at least one linear layer, found []");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Network.builder(3).relu().build(0))
                .withMessage("a network needs at least one linear layer, found [relu_0: relu]");
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"},
            mode = EnumSource.Mode.EXCLUDE)
    void refusesOtherTypesThanFloatAndDouble(DataType type) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Network.builder(3).dataType(type))
                .withMessage("a network's type must be FLOAT or DOUBLE, found " + type);
    }

    @Test
    void hasItsBiasOnlyWhereAskedFor() {
        Network network = Network.builder(3)
                .dataType(DataType.DOUBLE)
                .linear("with", 2)
                .linear("without", 2, false)
                .build(0);
        assertThat(Objects.requireNonNull(network.linear("with").bias()).dataType())
                .isEqualTo(DataType.DOUBLE);
        assertThat(network.linear("without").bias()).isNull();
    }
}
