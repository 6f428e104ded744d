package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.Models;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.EffectiveLinear;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Updates of a weight, registered on the second of three layers. */
@Tag("numbers")
class WeightUpdateTest {
    private final Network network = Models.dense(DataType.DOUBLE, 1, 4, 5, 6, 3);
    private final Linear linear = network.linear("linear2");
    private final INDArray x = Samples.gaussian(2, DataType.DOUBLE, 3, 4);
    private final INDArray direction = Samples.gaussian(3, DataType.DOUBLE, 3, 3);
    private final FakeUpdate.Dense dense = FakeUpdate.Dense.of(Samples.gaussian(4, DataType.DOUBLE, 6, 5));
    private final FakeUpdate.RowScale rowScale = FakeUpdate.RowScale.of(Samples.gaussian(5, DataType.DOUBLE, 6));

    private final Map<String, WeightUpdate> kinds = Map.of(
            "dense",
            dense,
            "rowScale",
            rowScale,
            "other",
            FakeUpdate.Dense.of(Samples.gaussian(6, DataType.DOUBLE, 6, 5)));

    private void register(String names) {
        for (String name : names.split("\\+", -1)) {
            linear.updates().register(name, Objects.requireNonNull(kinds.get(name), name));
        }
    }

    private void assertEffective(INDArray expected) {
        assertThat(linear.effectiveWeight().equalsWithEps(expected, 1e-12)).isTrue();
        assertThat(network.predict(x).equalsWithEps(network.merge().predict(x), 1e-12))
                .isTrue();
    }

    @Test
    void addsToTheOriginalWeight() {
        register("dense");
        assertEffective(linear.weight().add(dense.d().value()));
    }

    @Test
    void mayDependOnTheOriginalWeight() {
        register("rowScale");
        INDArray original = linear.weight();
        assertEffective(original.add(original.mulColumnVector(rowScale.m().value())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dense+rowScale", "rowScale+dense"})
    void severalAddUp(String names) {
        register(names);
        INDArray original = linear.weight();
        assertEffective(original.add(dense.d().value())
                .addi(original.mulColumnVector(rowScale.m().value())));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dense", "rowScale", "dense+rowScale", "rowScale+dense", "dense+rowScale+other"})
    void gradientsAreThoseOfTheFunction(String names) {
        register(names);
        Pass pass = network.newTrainingPass();
        pass.forward(x);
        pass.backward(direction);
        Set<Parameter> parameters = new LinkedHashSet<>(network.parameters());
        parameters.addAll(linear.updates().effective().parameters());
        assertThat(pass.trainableParameters()).containsExactlyInAnyOrderElementsOf(parameters);
        for (Parameter parameter : parameters) {
            FiniteDifferences.assertGradient(
                    parameter.name(),
                    () -> network.predict(x).mul(direction).sumNumber().doubleValue(),
                    parameter.value(),
                    pass.gradient(parameter));
        }
    }

    @Test
    void neverWritesToTheOriginal() {
        double[] before = Samples.bits(linear.weight());
        register("dense+rowScale");
        network.predict(x);
        linear.weight();
        linear.updates().setEnabled("dense", false);
        network.predict(x);
        linear.updates().remove("rowScale");
        network.merge();
        assertThat(Samples.bits(linear.weight())).isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"dense", "rowScale", "dense+rowScale"})
    void removedOnesLeaveNoTrace(String names) {
        double[] before = Samples.bits(network.predict(x));
        double[] weight = Samples.bits(linear.weight());
        register(names);
        assertThat(Samples.bits(network.predict(x))).isNotEqualTo(before);
        for (String name : names.split("\\+", -1)) {
            linear.updates().remove(name);
        }
        assertThat(Samples.bits(network.predict(x))).isEqualTo(before);
        assertThat(Samples.bits(linear.weight())).isEqualTo(weight);
        assertThat(linear.updates().all()).isEmpty();
    }

    @Test
    void disabledOnesAreNotApplied() {
        double[] before = Samples.bits(network.predict(x));
        double[] weight = Samples.bits(linear.weight());
        register("dense");
        double[] adapted = Samples.bits(network.predict(x));
        assertThat(linear.updates().isEnabled("dense")).isTrue();

        linear.updates().setEnabled("dense", false);
        assertThat(linear.updates().isEnabled("dense")).isFalse();
        assertThat(linear.updates().all()).containsOnlyKeys("dense");
        assertThat(Samples.bits(network.predict(x))).isEqualTo(before);
        assertThat(Samples.bits(linear.weight())).isEqualTo(weight);

        linear.updates().setEnabled("dense", true);
        assertThat(Samples.bits(network.predict(x))).isEqualTo(adapted);
    }

    @Test
    void passMadeBeforeSeesAChangeAtItsNextForward() {
        Pass inference = network.newInferencePass();
        Pass training = network.newTrainingPass();
        double[] plain = Samples.bits(inference.forward(x));
        training.forward(x);

        register("dense");
        double[] adapted = Samples.bits(network.newInferencePass().forward(x));
        assertThat(Samples.bits(inference.forward(x))).isEqualTo(adapted).isNotEqualTo(plain);
        assertThat(Samples.bits(training.forward(x))).isEqualTo(adapted);

        linear.updates().remove("dense");
        assertThat(Samples.bits(inference.forward(x))).isEqualTo(plain);
        assertThat(Samples.bits(training.forward(x))).isEqualTo(plain);
    }

    @Test
    void trainsInAPassWhileItIsRegistered() {
        Pass pass = network.newTrainingPass();
        pass.forward(x);
        assertThat(pass.trainableParameters()).containsExactlyElementsOf(network.parameters());

        register("dense");
        pass.forward(x);
        pass.backward(direction);
        assertThat(pass.trainableParameters()).contains(dense.d());

        linear.updates().remove("dense");
        pass.forward(x);
        assertThat(pass.trainableParameters()).containsExactlyElementsOf(network.parameters());
        assertThatIllegalArgumentException().isThrownBy(() -> pass.gradient(dense.d()));
    }

    @Test
    void backwardReachesAParametrizationOfAFrozenNetwork() {
        network.freeze();
        register("dense");
        Pass pass = network.newTrainingPass();
        pass.forward(x);
        pass.backward(direction);
        assertThat(pass.trainableParameters()).containsExactly(dense.d());
        FiniteDifferences.assertGradient(
                "dense",
                () -> network.predict(x).mul(direction).sumNumber().doubleValue(),
                dense.d().value(),
                pass.gradient(dense.d()));
    }

    @Test
    void copyIsWithoutParametrizationsAndMergeIsWith() {
        double[] plain = Samples.bits(network.predict(x));
        register("dense");
        Network copy = network.copy();
        Network merged = network.merge();
        assertThat(Samples.bits(copy.predict(x))).isEqualTo(plain);
        assertThat(copy.linear("linear2").updates().all()).isEmpty();
        assertThat(merged.linear("linear2").updates().all()).isEmpty();
        assertThat(merged.linear("linear2").weight()).isEqualTo(linear.effectiveWeight());
        assertThat(merged.parameters()).allMatch(Parameter::isTrainable);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void mayChangeTheBias(boolean bias) {
        Network two = Network.builder(4)
                .dataType(DataType.DOUBLE)
                .linear("l", 2, bias)
                .build(1);
        INDArray plain = two.predict(x);
        two.linear("l").updates().register("a", new FakeUpdate.Listening(new ArrayList<>()));
        two.linear("l").updates().register("b", new FakeUpdate.Listening(new ArrayList<>()));
        assertThat(two.predict(x).equalsWithEps(plain.add(4), 1e-12)).isTrue();
        assertThat(two.merge().predict(x).equalsWithEps(plain.add(4), 1e-12)).isTrue();
        assertThat(two.copy().predict(x)).isEqualTo(plain);
        assertThat(two.copy().linear("l").parameters()).hasSize(bias ? 2 : 1);
    }

    @Test
    void refusesANameThatIsTaken() {
        register("dense");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> linear.updates().register("dense", rowScale))
                .withMessage("linear2: a parametrization named 'dense' is registered already; registered are [dense]");
        assertThat(linear.updates().all()).containsEntry("dense", dense).hasSize(1);
    }

    @TestFactory
    List<DynamicTest> refusesAnUnknownName() {
        register("dense");
        String message = "linear2: no parametrization named 'other'; registered are [dense]";
        return table(
                argument(() -> linear.updates().remove("other")).says(message),
                argument(() -> linear.updates().setEnabled("other", true)).says(message),
                argument(() -> linear.updates().isEnabled("other")).says(message));
    }

    @Test
    void effectiveLinearListsWhatTakesPart() {
        register("dense+rowScale");
        assertThat(linear.updates().effective().parameters())
                .containsExactly(linear.weightParameter(), linear.biasParameter(), dense.d(), rowScale.m());
        linear.updates().setEnabled("dense", false);
        EffectiveLinear effective = linear.updates().effective();
        assertThat(effective.updates()).containsExactly(rowScale);
        assertThat(effective.with(List.of(dense)).updates()).containsExactly(rowScale, dense);
    }
}
