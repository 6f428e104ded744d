package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Models;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationCube;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationGELU;
import org.nd4j.linalg.activations.impl.ActivationHardSigmoid;
import org.nd4j.linalg.activations.impl.ActivationHardTanH;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationLReLU;
import org.nd4j.linalg.activations.impl.ActivationMish;
import org.nd4j.linalg.activations.impl.ActivationRationalTanh;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU6;
import org.nd4j.linalg.activations.impl.ActivationRectifiedTanh;
import org.nd4j.linalg.activations.impl.ActivationSELU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftPlus;
import org.nd4j.linalg.activations.impl.ActivationSoftSign;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.activations.impl.ActivationSwish;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.activations.impl.ActivationThresholdedReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The gradients are those of the function, measured by finite differences of {@code L = Σ direction ∘ y}. */
@Tag("numbers")
class GradientTest {
    private static void assertGradients(Network network, long n) {
        assertGradients(network, n, 1e-7);
    }

    private static void assertGradients(Network network, long n, double tolerance) {
        INDArray x = Samples.gaussian(1, DataType.DOUBLE, n, network.inputSize());
        INDArray direction = Samples.gaussian(2, DataType.DOUBLE, n, network.outputSize());
        Pass pass = network.newTrainingPass();
        pass.forward(x);
        pass.backward(direction);
        assertThat(pass.trainableParameters()).isNotEmpty();
        for (Parameter parameter : pass.trainableParameters()) {
            FiniteDifferences.assertGradient(
                    parameter.name(),
                    () -> network.predict(x).mul(direction).sumNumber().doubleValue(),
                    parameter.value(),
                    pass.gradient(parameter),
                    tolerance);
        }
    }

    private static Network.Builder inDouble(long inputSize) {
        return Network.builder(inputSize).dataType(DataType.DOUBLE);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 7})
    void ofLinearWithBias(long n) {
        assertGradients(inDouble(4).linear("l", 3).build(3), n);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 7})
    void ofLinearWithoutBias(long n) {
        assertGradients(inDouble(4).linear("l", 3, false).build(3), n);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 7})
    void ofWeightsStoredInByOut(long n) {
        Linear first = new Linear(
                "linear1",
                Samples.gaussian(4, DataType.DOUBLE, 5, 4).dup('f'),
                Samples.gaussian(5, DataType.DOUBLE, 5));
        Linear second =
                new Linear("linear2", Samples.gaussian(6, DataType.DOUBLE, 3, 5).dup('f'), null);
        assertGradients(new Network(List.of(first, second)), n);
    }

    @Test
    void haveTheOrderOfTheirParameter() {
        Linear linear =
                new Linear("l", Samples.gaussian(4, DataType.DOUBLE, 5, 4).dup('f'), null);
        Network network = new Network(List.of(linear));
        assertThat(network.newTrainingPass().gradient(linear.weightParameter()).ordering())
                .isEqualTo('f');
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "1, 1, 3", "1, 4, 1", "4, 1, 1", "1, 4, 3", "4, 1, 3"})
    void ofWidthsOfOne(long in, long out, long n) {
        assertGradients(
                inDouble(in).linear("linear1", out).relu().linear("linear2", 1).build(3), n);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 7})
    void ofThreeLayersWithRelu(long n) {
        assertGradients(
                inDouble(5)
                        .linear("linear1", 6)
                        .relu()
                        .linear("linear2", 4)
                        .relu()
                        .linear("linear3", 3)
                        .build(8),
                n);
    }

    static Stream<Arguments> activations() {
        List<IActivation> functions = List.of(
                new ActivationCube(),
                new ActivationELU(),
                new ActivationELU(0.5),
                new ActivationGELU(),
                new ActivationHardSigmoid(),
                new ActivationHardTanH(),
                new ActivationIdentity(),
                new ActivationLReLU(),
                new ActivationLReLU(0.2),
                new ActivationMish(),
                new ActivationRationalTanh(),
                new ActivationReLU(),
                new ActivationReLU(0.5, null, null),
                new ActivationReLU(null, 0.1, 0.3),
                new ActivationReLU(null, null, 0.3),
                new ActivationReLU6(),
                new ActivationRectifiedTanh(),
                new ActivationSELU(),
                new ActivationSigmoid(),
                new ActivationSoftPlus(),
                new ActivationSoftSign(),
                new ActivationSoftmax(),
                new ActivationSwish(),
                new ActivationTanH(),
                new ActivationThresholdedReLU(0.1));
        List<Arguments> cases = new ArrayList<>();
        for (IActivation function : functions) {
            for (int n : new int[] {1, 2, 7}) {
                cases.add(Arguments.of(function, n));
            }
        }
        return cases.stream();
    }

    @ParameterizedTest
    @MethodSource("activations")
    void throughAnActivation(IActivation function, int n) {
        assertGradients(
                inDouble(4)
                        .linear("linear1", 5)
                        .activation(function)
                        .linear("linear2", 3)
                        .build(9),
                n);
    }

    @ParameterizedTest
    @MethodSource("activations")
    void behindAndBeforeAnActivation(IActivation function, int n) {
        // Weights for which the cube of a cube stays small: the rounding of large outputs hides their differences.
        assertGradients(
                inDouble(4)
                        .activation(function)
                        .linear("l", 3)
                        .activation(function)
                        .build(3),
                n);
    }

    /** ND4J's derivative of it has constants of a few digits only. */
    @Test
    void throughThePreciseGelu() {
        Network network = inDouble(4)
                .linear("linear1", 5)
                .activation(new ActivationGELU(true))
                .linear("linear2", 3)
                .build(9);
        assertGradients(network, 4, 1e-4);
    }

    @Test
    void throughActivationsOneBehindTheOther() {
        assertGradients(
                inDouble(4)
                        .linear("linear1", 5)
                        .activation(new ActivationTanH())
                        .relu()
                        .relu()
                        .activation(new ActivationSigmoid())
                        .linear("linear2", 3)
                        .build(9),
                4);
    }

    @Test
    void areTheSameWhateverTheBatchSizesBefore() {
        Network network = inDouble(5)
                .linear("linear1", 6)
                .relu()
                .linear("linear2", 4)
                .activation(new ActivationTanH())
                .linear("linear3", 3)
                .build(8);
        Pass reused = network.newTrainingPass();
        for (int n : new int[] {10, 3, 10, 1, 17, 3, 40, 1, 2, 4, 5, 6, 7, 8, 9, 10}) {
            INDArray x = Samples.gaussian(n, DataType.DOUBLE, n, 5);
            INDArray direction = Samples.gaussian(100 + n, DataType.DOUBLE, n, 3);
            Pass fresh = network.newTrainingPass();
            assertThat(Samples.bits(reused.forward(x))).isEqualTo(Samples.bits(fresh.forward(x)));
            reused.backward(direction);
            fresh.backward(direction);
            for (Parameter parameter : network.parameters()) {
                assertThat(Samples.bits(reused.gradient(parameter)))
                        .as("%s, batch of %d", parameter.name(), n)
                        .isEqualTo(Samples.bits(fresh.gradient(parameter)));
            }
        }
    }

    @Test
    void replaceThoseOfTheStepBefore() {
        Network network = inDouble(4).linear("l", 3).build(3);
        INDArray x = Samples.gaussian(1, DataType.DOUBLE, 2, 4);
        INDArray direction = Samples.gaussian(2, DataType.DOUBLE, 2, 3);
        Pass pass = network.newTrainingPass();
        pass.forward(x);
        pass.backward(direction);
        INDArray once = pass.gradient(network.linear("l").weightParameter()).dup();
        pass.forward(x);
        pass.backward(direction);
        assertThat(pass.gradient(network.linear("l").weightParameter())).isEqualTo(once);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "linear1.weight",
                "linear1.bias",
                "linear2.weight",
                "linear2.bias",
                "linear3.weight",
                "linear3.bias"
            })
    void ofOneTrainableParameterAmongFrozenOnesIsTheSameAsOfAllTrainable(String name) {
        Network network = inDouble(5)
                .linear("linear1", 6)
                .relu()
                .linear("linear2", 4)
                .activation(new ActivationTanH())
                .linear("linear3", 3)
                .build(8);
        INDArray x = Samples.gaussian(1, DataType.DOUBLE, 3, 5);
        INDArray direction = Samples.gaussian(2, DataType.DOUBLE, 3, 3);
        Pass full = network.newTrainingPass();
        full.forward(x);
        full.backward(direction);

        network.freeze();
        Parameter trainable = network.parameters().stream()
                .filter(parameter -> parameter.name().equals(name))
                .findFirst()
                .orElseThrow();
        trainable.setTrainable(true);
        Pass partial = network.newTrainingPass();
        partial.forward(x);
        partial.backward(direction);

        assertThat(partial.trainableParameters()).isEqualTo(Set.of(trainable));
        assertThat(Samples.bits(partial.gradient(trainable))).isEqualTo(Samples.bits(full.gradient(trainable)));
    }

    @Test
    void ofAViewOrATransposedInputAreThoseOfItsCopy() {
        Network network =
                inDouble(4).linear("linear1", 5).relu().linear("linear2", 3).build(9);
        INDArray wide = Samples.gaussian(1, DataType.DOUBLE, 6, 9);
        INDArray view = wide.get(NDArrayIndex.interval(1, 4), NDArrayIndex.interval(2, 6));
        INDArray directionView = Samples.gaussian(2, DataType.DOUBLE, 3, 3).transpose();
        for (INDArray x :
                List.of(view, view.dup('f'), view.dup('c').transpose().dup('c').transpose())) {
            Pass plain = network.newTrainingPass();
            plain.forward(view.dup('c'));
            plain.backward(directionView.dup('c'));
            Pass pass = network.newTrainingPass();
            pass.forward(x);
            pass.backward(directionView);
            for (Parameter parameter : network.parameters()) {
                double[] expected = Samples.bits(plain.gradient(parameter));
                assertThat(Samples.bits(pass.gradient(parameter)))
                        .as(parameter.name())
                        .usingComparatorWithPrecision(1e-12)
                        .containsExactly(expected);
            }
        }
    }

    @Test
    void inFloatAreThoseInDoubleRounded() {
        Network single = Models.dense(DataType.FLOAT, 9, 5, 6, 3);
        Network precise =
                inDouble(5).linear("linear1", 6).relu().linear("linear2", 3).build(9);
        INDArray x = Samples.gaussian(1, DataType.FLOAT, 4, 5);
        INDArray direction = Samples.gaussian(2, DataType.FLOAT, 4, 3);
        Pass singlePass = single.newTrainingPass();
        singlePass.forward(x);
        singlePass.backward(direction);
        Pass precisePass = precise.newTrainingPass();
        precisePass.forward(x.castTo(DataType.DOUBLE));
        precisePass.backward(direction.castTo(DataType.DOUBLE));
        for (int i = 0; i < 4; i++) {
            INDArray rounded = singlePass.gradient(single.parameters().get(i));
            INDArray exact = precisePass.gradient(precise.parameters().get(i));
            for (long k = 0; k < exact.length(); k++) {
                assertThat(rounded.getDouble(k)).isCloseTo(exact.getDouble(k), within(1e-5));
            }
        }
    }
}
