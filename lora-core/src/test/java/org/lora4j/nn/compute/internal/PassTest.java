package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.state;
import static org.lora4j.Refusals.table;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.Models;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What a pass refuses and reports; what it computes is in {@link ForwardTest} and the gradient tests. */
@Tag("numbers")
class PassTest {
    private final Network network = Models.dense(3, 4, 2);
    private final INDArray x = Samples.gaussian(1, DataType.FLOAT, 5, 3);
    private final INDArray direction = Samples.gaussian(2, DataType.FLOAT, 5, 2);

    private void assertInputRefused(INDArray input, String found) {
        String message = "input: must be a matrix [n, 3] of FLOAT with n ≥ 1, found " + found;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.newTrainingPass().forward(input))
                .withMessage(message);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> network.predict(input))
                .withMessage(message);
    }

    @Test
    void refusesInputOfAnotherWidth() {
        assertInputRefused(Nd4j.create(DataType.FLOAT, 5, 4), "[5, 4] of FLOAT");
        assertInputRefused(Nd4j.create(DataType.FLOAT, 600, 4), "[600, 4] of FLOAT");
    }

    @Test
    void refusesInputOfAnotherType() {
        assertInputRefused(Nd4j.create(DataType.DOUBLE, 5, 3), "[5, 3] of DOUBLE");
        assertInputRefused(Nd4j.create(DataType.INT32, 5, 3), "[5, 3] of INT");
    }

    @Test
    void refusesInputOfAnotherRank() {
        assertInputRefused(Nd4j.create(DataType.FLOAT, 3), "[3] of FLOAT");
        assertInputRefused(Nd4j.create(DataType.FLOAT, 5, 3, 1), "[5, 3, 1] of FLOAT");
    }

    @Test
    void refusesABatchOfNoRows() {
        assertInputRefused(Nd4j.create(DataType.FLOAT, 0, 3), "[0, 3] of FLOAT");
    }

    @TestFactory
    List<DynamicTest> refusesBadCalls() {
        return table(
                state(() -> network.newTrainingPass().backward(direction))
                        .says("backward needs a training pass and a forward before it"),
                argument(() -> network.newTrainingPass().segment().setStep(-1))
                        .says("the number of a step must not be negative, found -1"));
    }

    @Test
    void refusesBackwardOfAnInferencePass() {
        Pass pass = network.newInferencePass();
        pass.forward(x);
        assertThatIllegalStateException()
                .isThrownBy(() -> pass.backward(direction))
                .withMessage("backward needs a training pass and a forward before it");
    }

    @Test
    void refusesAnOutputGradientUnlikeTheOutput() {
        Pass pass = network.newTrainingPass();
        pass.forward(x);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pass.backward(Nd4j.create(DataType.FLOAT, 4, 2)))
                .withMessage("output gradient: must be like the output, [5, 2] of FLOAT, found [4, 2] of FLOAT");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pass.backward(Nd4j.create(DataType.DOUBLE, 5, 2)))
                .withMessage("output gradient: must be like the output, [5, 2] of FLOAT, found [5, 2] of DOUBLE");
    }

    @Test
    void hasNoGradientOfAFrozenParameter() {
        Parameter frozen = network.linear("linear1").weightParameter();
        frozen.setTrainable(false);
        Pass pass = network.newTrainingPass();
        assertThat(pass.trainableParameters())
                .containsExactly(
                        network.linear("linear1").biasParameter(),
                        network.linear("linear2").weightParameter(),
                        network.linear("linear2").biasParameter());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> pass.gradient(frozen))
                .withMessage("linear1.weight: has no gradient in this pass; trainable are "
                        + "[linear1.bias, linear2.weight, linear2.bias]");
    }

    @Test
    void ofANetworkAllFrozenHasNoGradients() {
        network.freeze();
        Pass pass = network.newTrainingPass();
        pass.forward(x);
        pass.backward(direction);
        assertThat(pass.trainableParameters()).isEmpty();
    }

    @Test
    void forPredictionsHasNoGradients() {
        assertThat(network.newInferencePass().trainableParameters()).isEmpty();
    }

    @Test
    void readsWhatTrainsWhenItIsMade() {
        Pass before = network.newTrainingPass();
        network.freeze();
        Pass frozen = network.newTrainingPass();
        network.unfreeze();
        assertThat(before.trainableParameters()).containsExactlyElementsOf(network.parameters());
        assertThat(frozen.trainableParameters()).isEmpty();
        assertThat(network.newTrainingPass().trainableParameters()).containsExactlyElementsOf(network.parameters());
    }

    @Test
    void countsItsSteps() {
        List<Long> steps = new ArrayList<>();
        FakeUpdate.Listening listening = new FakeUpdate.Listening(steps);
        network.linear("linear1").updates().register("linear1", listening);
        network.linear("linear2").updates().register("linear2", listening);
        Pass pass = network.newTrainingPass();
        pass.forward(x);
        pass.forward(x);
        pass.segment().setStep(7);
        pass.forward(x);
        pass.forward(x);
        assertThat(steps).containsExactly(0L, 0L, 1L, 1L, 7L, 7L, 8L, 8L);
    }

    @Test
    void findsNothingWhereAllIsFinite() {
        Pass pass = network.newTrainingPass();
        assertThat(pass.firstNonFinite()).isEmpty();
        pass.forward(x);
        assertThat(pass.firstNonFinite()).isEmpty();
    }

    @Test
    void findsNaNInTheInput() {
        Pass pass = network.newTrainingPass();
        x.putScalar(2, 1, Double.NaN);
        pass.forward(x);
        assertThat(pass.firstNonFinite()).hasValue("input");
    }

    @Test
    void findsTheFirstLayerWhoseOutputIsNotFinite() {
        Network tanh = Network.builder(3)
                .linear("linear1", 4)
                .activation(new ActivationTanH())
                .linear("linear2", 2)
                .build(1);
        Pass pass = tanh.newTrainingPass();
        Objects.requireNonNull(tanh.linear("linear2").bias()).putScalar(0, Double.POSITIVE_INFINITY);
        pass.forward(x);
        assertThat(pass.firstNonFinite()).hasValue("linear2");
        tanh.linear("linear1").weight().putScalar(0, Double.NaN);
        pass.forward(x);
        assertThat(pass.firstNonFinite()).hasValue("linear1");
        tanh.linear("linear1").weight().assign(0);
        Objects.requireNonNull(tanh.linear("linear2").bias()).assign(0);
        pass.forward(x);
        assertThat(pass.firstNonFinite()).isEmpty();
    }

    @Test
    void infinitiesOfBothSignsDoNotCancel() {
        Network plain = Network.builder(3).linear("l", 2).build(1);
        Pass pass = plain.newTrainingPass();
        INDArray bias = Objects.requireNonNull(plain.linear("l").bias());
        bias.putScalar(0, Double.POSITIVE_INFINITY);
        bias.putScalar(1, Double.NEGATIVE_INFINITY);
        pass.forward(x);
        assertThat(pass.firstNonFinite()).hasValue("l");
    }

    @Test
    void switchesToOtherParametrizationsFromCallToCall() {
        FakeUpdate.Dense one = FakeUpdate.Dense.of(Samples.gaussian(3, DataType.FLOAT, 4, 3));
        FakeUpdate.Dense other = FakeUpdate.Dense.of(Samples.gaussian(4, DataType.FLOAT, 4, 3));
        FakeUpdate.RowScale scale = FakeUpdate.RowScale.of(Samples.gaussian(5, DataType.FLOAT, 4));
        List<List<WeightUpdate>> choices = List.of(
                List.of(one), List.of(), List.of(one, other), List.of(scale), List.of(scale, other), List.of(other));
        List<WeightUpdate> chosen = new ArrayList<>(List.of());
        EffectiveLayers effective = linear -> linear.path().equals("linear1")
                ? linear.updates().effective().with(chosen)
                : linear.updates().effective();
        Pass reused = new Pass(network.stack(), true, () -> effective);
        for (int i = 0; i < 3 * choices.size(); i++) {
            chosen.clear();
            chosen.addAll(choices.get(i % choices.size()));
            Pass fresh = new Pass(network.stack(), true, () -> effective);
            assertThat(Samples.bits(reused.forward(x))).isEqualTo(Samples.bits(fresh.forward(x)));
            reused.backward(direction);
            fresh.backward(direction);
            assertThat(reused.trainableParameters()).isEqualTo(fresh.trainableParameters());
            for (Parameter parameter : fresh.trainableParameters()) {
                assertThat(Samples.bits(reused.gradient(parameter)))
                        .as(parameter.name())
                        .isEqualTo(Samples.bits(fresh.gradient(parameter)));
            }
        }
    }

    @Test
    void computesWithTheParametrizationsItIsGiven() {
        Linear first = network.linear("linear1");
        FakeUpdate.Dense dense = FakeUpdate.Dense.of(Samples.gaussian(3, DataType.FLOAT, 4, 3));
        Pass pass = new Pass(
                network.stack(),
                false,
                () -> linear -> linear == first
                        ? linear.updates().effective().with(List.of(dense))
                        : linear.updates().effective());
        INDArray adapted = pass.forward(x).dup();
        assertThat(first.updates().all()).isEmpty();
        assertThat(adapted).isNotEqualTo(network.predict(x));
        first.updates().register("dense", dense);
        assertThat(network.predict(x)).isEqualTo(adapted);
    }
}
