package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.SmallModels.assertSameBits;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.fixtures.Differences;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.SteadyState;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A {@link LoRAParametrization} with a magnitude. */
@Tag("numbers")
class DoRATest {
    private static final LoRAConfig CONFIG =
            LoRAConfig.builder().rank(3).alpha(5).dora(true).build();

    private final Network network = network(DataType.DOUBLE);
    private final INDArray x = Samples.gaussian(1, DataType.DOUBLE, 5, 300);

    /** The first layer is large enough for its product to be stacked, the second is not. */
    private static Network network(DataType type) {
        return Models.dense(type, 7, 300, 200, 4);
    }

    /** Values as after some training. */
    private static LoRAParametrization trained(LoRAParametrization dora, long seed) {
        for (Parameter parameter : dora.parameters()) {
            INDArray value = parameter.value();
            value.addi(Samples.gaussian(seed++, value.dataType(), value.shape()).muli(0.2));
        }
        return dora;
    }

    private LoRAParametrization registered(String path) {
        return trained(LoRAParametrization.register(network.linear(path), CONFIG), 11);
    }

    private static Parameter magnitude(LoRAParametrization dora) {
        return Objects.requireNonNull(dora.magnitude());
    }

    private static void assertClose(INDArray actual, INDArray expected, double tolerance) {
        assertThat(Differences.greatest(actual, expected))
                .isLessThanOrEqualTo(
                        tolerance * Math.max(1, expected.amaxNumber().doubleValue()));
    }

    /** {@code m ∘ V/‖V‖} by the definition. */
    private static INDArray decomposed(LoRAParametrization dora) {
        INDArray v = dora.loraB()
                .value()
                .mmul(dora.loraA().value())
                .mul(dora.scale())
                .add(dora.originalWeight());
        for (long row = 0; row < v.size(0); row++) {
            double norm = Math.sqrt(v.getRow(row).mul(v.getRow(row)).sumNumber().doubleValue());
            v.getRow(row).muli(magnitude(dora).value().getDouble(row) / norm);
        }
        return v;
    }

    @ParameterizedTest
    @ValueSource(strings = {"FLOAT", "DOUBLE"})
    void changesNothingAtTheStart(DataType type) {
        Network base = network(type);
        INDArray input = x.castTo(type);
        INDArray before = base.predict(input);
        INDArray weight = base.linear("linear1").weight();

        LoRAParametrization dora = LoRAParametrization.register(base.linear("linear1"), CONFIG);

        assertClose(base.predict(input), before, type == DataType.FLOAT ? 1e-6 : 1e-14);
        assertThat(Samples.bits(dora.effectiveWeight())).isEqualTo(Samples.bits(weight));
    }

    @Test
    void startsWithTheNormsOfTheRows() {
        LoRAParametrization dora = LoRAParametrization.register(network.linear("linear2"), CONFIG);

        assertThat(dora.parameters().stream().map(Parameter::name))
                .containsExactly("linear2.lora_A.weight", "linear2.lora_B.weight", "linear2.lora_magnitude_vector");
        assertThat(dora.parameters()).allMatch(Parameter::isTrainable);
        for (long row = 0; row < 4; row++) {
            assertThat(magnitude(dora).value().getDouble(row))
                    .isCloseTo(dora.originalWeight().getRow(row).norm2Number().doubleValue(), within(1e-12));
        }
    }

    @Test
    void freezesTheLayerAndNothingElse() {
        LoRAParametrization.register(network.linear("linear2"), CONFIG);

        assertThat(network.linear("linear2").parameters()).noneMatch(Parameter::isTrainable);
        assertThat(network.linear("linear1").parameters()).allMatch(Parameter::isTrainable);
    }

    @Test
    void scalesEachRowToItsMagnitude() {
        LoRAParametrization dora = registered("linear2");

        assertClose(dora.effectiveWeight(), decomposed(dora), 1e-12);
        assertClose(dora.delta(), decomposed(dora).sub(dora.originalWeight()), 1e-12);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 5, 100})
    void computesWhatTheMergedNetworkComputes(int rows) {
        registered("linear1");
        registered("linear2");
        INDArray input = Samples.gaussian(3, DataType.DOUBLE, rows, 300);

        assertClose(network.predict(input), network.merge().predict(input), 1e-12);
    }

    @Test
    void addsUpWithOtherParametrizations() {
        registered("linear1");
        LoRAConfig other = CONFIG.toBuilder().rank(2).seed(9).build();
        trained(LoRAParametrization.register(network.linear("linear1"), "other", other), 21);
        LoRAParametrization.register(
                network.linear("linear1"),
                "plain",
                LoRAConfig.builder().rank(4).init(LoRAInit.random()).build());

        assertClose(network.predict(x), network.merge().predict(x), 1e-12);
    }

    @Test
    void readsInputsOfAnyOrder() {
        registered("linear1");
        INDArray expected = network.predict(x);
        INDArray view = Nd4j.concat(1, x, x).get(NDArrayIndex.all(), NDArrayIndex.interval(300, 600));

        Pass pass = network.newInferencePass();
        assertClose(pass.forward(x.dup('f')).dup(), expected, 1e-12);
        assertClose(pass.forward(view).dup(), expected, 1e-12);
        assertClose(pass.forward(x).dup(), expected, 1e-12);
    }

    @Test
    void adaptsWeightsStoredTheOtherWay() {
        INDArray weight = Samples.gaussian(4, DataType.DOUBLE, 200, 300);
        Network base = new Network(List.of(new Linear("linear1", weight.dup('f'), null)));
        LoRAParametrization dora = trained(LoRAParametrization.register(base.linear("linear1"), CONFIG), 11);

        assertClose(base.predict(x), x.mmul(decomposed(dora).transpose()), 1e-12);
    }

    @Test
    void isTheBaseBitForBitWhileDisabled() {
        INDArray before = network.predict(x);
        LoRAParametrization dora = registered("linear1");
        assertThat(network.predict(x)).isNotEqualTo(before);

        dora.setEnabled(false);
        assertThat(dora.isEnabled()).isFalse();
        assertThat(Samples.bits(network.predict(x))).isEqualTo(Samples.bits(before));
        dora.setEnabled(true);
        assertThat(network.predict(x)).isNotEqualTo(before);

        dora.remove();
        assertThat(Samples.bits(network.predict(x))).isEqualTo(Samples.bits(before));
    }

    @Test
    void followsFactorsThatChangeBetweenPredictions() {
        LoRAParametrization dora = registered("linear1");
        Pass pass = network.newInferencePass();
        pass.forward(x);

        trained(dora, 31);

        assertClose(pass.forward(x).dup(), network.merge().predict(x), 1e-12);
    }

    @Test
    void scalesOfAFrozenAdapterFollowALaterTraining() {
        LoRAParametrization dora = registered("linear1");
        Pass pass = network.newInferencePass();
        for (int round = 0; round < 3; round++) {
            dora.parameters().forEach(parameter -> parameter.setTrainable(false));
            assertClose(pass.forward(x), network.merge().predict(x), 1e-12);
            INDArray frozen = pass.forward(x).dup();
            assertSameBits(pass.forward(x), frozen);
            dora.parameters().forEach(parameter -> parameter.setTrainable(true));
            trained(dora, 20 + round);
            assertClose(pass.forward(x), network.merge().predict(x), 1e-12);
            assertThat(pass.forward(x)).isNotEqualTo(frozen);
        }
    }

    @Test
    void leavesRowsWithoutDirectionZero() {
        network.linear("linear2").weight().getRow(2).assign(0);
        LoRAParametrization dora = LoRAParametrization.register(network.linear("linear2"), CONFIG);
        INDArray bias = Objects.requireNonNull(network.linear("linear2").bias());

        assertThat(dora.effectiveWeight().getRow(2)).isEqualTo(Nd4j.zeros(DataType.DOUBLE, 200));
        Pass pass = network.newTrainingPass();
        INDArray y = pass.forward(x);
        for (long row = 0; row < 5; row++) {
            assertThat(y.getDouble(row, 2)).isEqualTo(bias.getDouble(2));
        }
        pass.backward(Nd4j.ones(DataType.DOUBLE, 5, 4));
        assertThat(pass.gradient(magnitude(dora)).getDouble(2)).isZero();
        assertThat(pass.gradient(dora.loraB()).getRow(2).norm2Number().doubleValue())
                .isPositive()
                .isFinite();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, -1})
    void computesTheNormOfRowsThatNearlyCancel(int alpha) {
        Network base = network(DataType.FLOAT);
        Linear linear = base.linear("linear2");
        LoRAParametrization dora = LoRAParametrization.register(
                linear, CONFIG.toBuilder().rank(1).alpha(alpha).build());
        // The row of W is −s·b·a up to a thousandth: its squared norm is lost in the rounding of the sum.
        INDArray a = Samples.gaussian(5, DataType.FLOAT, 1, 200);
        INDArray rest = Samples.gaussian(6, DataType.FLOAT, 200).mul(1e-3);
        linear.weight().getRow(1).assign(a.getRow(0).mul(-3 * alpha).add(rest));
        dora.remove();
        dora = LoRAParametrization.register(
                linear, CONFIG.toBuilder().rank(1).alpha(alpha).build());
        dora.loraA().value().assign(a);
        dora.loraB().value().putScalar(1, 0, 3);

        INDArray input = x.castTo(DataType.FLOAT);
        assertThat(dora.delta()
                        .add(dora.originalWeight())
                        .getRow(1)
                        .norm2Number()
                        .doubleValue())
                .isCloseTo(magnitude(dora).value().getDouble(1), within(1e-2));
        INDArray factored = base.predict(input).getColumn(1);
        INDArray merged = base.merge().predict(input).getColumn(1);
        assertThat(factored.sub(merged).norm2Number().doubleValue())
                .isLessThan(1e-2 * merged.norm2Number().doubleValue());
    }

    @Test
    void exportsFactorsAndMagnitude() {
        LoRAParametrization dora = registered("linear1");

        LoRAWeights weights = dora.update().copyOfWeights();

        assertThat(weights.loraA())
                .isEqualTo(dora.loraA().value())
                .isNotSameAs(dora.loraA().value());
        assertThat(weights.loraB()).isEqualTo(dora.loraB().value());
        assertThat(weights.magnitude()).isEqualTo(magnitude(dora).value());
        magnitude(dora).value().addi(1);
        assertThat(weights.magnitude()).isNotEqualTo(magnitude(dora).value());
    }

    @Test
    void survivesTheWayThroughAModel() {
        LoRAModel model = LoRAModel.of(network);
        model.add("a", CONFIG);
        for (Parameter parameter : model.parameters("a")) {
            parameter
                    .value()
                    .addi(Samples.gaussian(
                                    41, DataType.DOUBLE, parameter.value().shape())
                            .muli(0.2));
        }
        assertThat(model.parameters("a").stream().map(Parameter::name)).contains("linear1.lora_magnitude_vector");

        model.add("b", model.adapter("a"));

        assertThat(Samples.bits(model.using("b").predict(x)))
                .isEqualTo(Samples.bits(model.using("a").predict(x)));
        assertThat(model.predict(x)).isNotEqualTo(network.predict(x));
    }

    @Test
    void theConfigurationDecidesWhetherThereIsAMagnitude() {
        LoRAParametrization plain =
                LoRAParametrization.register(network.linear("linear1"), "plain", LoRAConfig.of(1, 1));
        LoRAParametrization dora = LoRAParametrization.register(network.linear("linear1"), "dora", CONFIG);

        assertThat(plain.magnitude()).isNull();
        assertThat(plain.parameters()).containsExactly(plain.loraA(), plain.loraB());
        assertThat(plain).hasToString("linear1: LoRA(rank 1, scale 1.0)");
        assertThat(dora.parameters()).containsExactly(dora.loraA(), dora.loraB(), magnitude(dora));
        assertThat(dora.toString()).startsWith("linear1: DoRA(rank 3, ");
    }

    @Test
    void anAdapterSwitchesBetweenPlainUpdatesAndThoseWithAMagnitude() {
        LoRAModel model = LoRAModel.of(network);
        LoRAConfig random = LoRAConfig.builder().rank(3).init(LoRAInit.random()).build();
        AdapterView plain = model.add("plain", random);
        AdapterView dora = model.add("dora", random.toBuilder().dora(true).build());
        for (int i = 0; i < 2; i++) {
            assertClose(plain.predict(x), plain.merge().predict(x), 1e-12);
            assertClose(dora.predict(x), dora.merge().predict(x), 1e-12);
        }
        assertThat(dora.predict(x)).isNotEqualTo(plain.predict(x));
    }

    @Test
    void theReportOfANetworkCountsTheMagnitude() {
        LoRAModel model = LoRAModel.of(network.copy());
        model.add("a", CONFIG);
        network.linears().forEach(linear -> LoRAParametrization.register(linear, CONFIG));

        assertThat(LoRAParametrization.parameterReport(network)).isEqualTo(model.parameterReport("a"));
    }

    @Test
    void refusesWhatDoRAExcludes() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAConfig.builder().dora(true).loraBias(true).build())
                .withMessageContaining("loraBias");
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        LoRAConfig.builder().dora(true).init(LoRAInit.pissa()).build())
                .withMessageContaining("PISSA");
    }

    @Test
    void refusesDropoutOnAWeightThatTrains() {
        Linear linear = network.linear("linear1");
        LoRAParametrization.register(linear, CONFIG.toBuilder().dropout(0.5).build());
        linear.weightParameter().setTrainable(true);

        assertThatIllegalStateException()
                .isThrownBy(network::newTrainingPass)
                .withMessageContaining("linear1.weight: must be frozen");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.3})
    void trainingStepsAllocateNothing(double dropout) {
        Network base = network(DataType.FLOAT);
        LoRAModel model = LoRAModel.of(base);
        model.add("a", CONFIG.toBuilder().dropout(dropout).build());
        INDArray input = x.castTo(DataType.FLOAT);
        INDArray other = Samples.gaussian(2, DataType.FLOAT, 9, 300);
        INDArray direction = Samples.gaussian(2, DataType.FLOAT, 5, 4);
        INDArray otherDirection = Samples.gaussian(2, DataType.FLOAT, 9, 4);
        Pass pass = model.newTrainingPass();
        SteadyState.assertReached(3, () -> {
            pass.forward(input);
            pass.backward(direction);
            pass.forward(other);
            pass.backward(otherDirection);
        });
    }

    @Test
    void normsFollowABaseThatWasUnfrozenAndTrained() {
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = model.add(
                "a",
                LoRAConfig.builder().rank(2).init(LoRAInit.random()).dora(true).build());
        INDArray before = view.predict(x);
        model.setTrainable();
        network.unfreeze();
        SmallModels.train(network, 5);
        network.freeze();
        INDArray factored = view.predict(x);
        assertThat(Differences.greatest(factored, before)).isGreaterThan(1e-2);
        assertClose(factored, view.merge().predict(x), 1e-9);
    }

    @Test
    void normsFollowABaseThatWasUnfrozenAndLoaded() throws IOException {
        LoRAModel model = LoRAModel.of(network);
        AdapterView view = model.add(
                "a",
                LoRAConfig.builder().rank(2).init(LoRAInit.random()).dora(true).build());
        INDArray before = view.predict(x);
        Network other = network.copy();
        other.parameters().forEach(parameter -> parameter.value().muli(1.5));
        assertThatThrownBy(() -> network.loadParameters(other.toTensors()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("frozen parameters must not be written to");
        assertSameBits(view.predict(x), before);
        network.unfreeze();
        network.loadParameters(other.toTensors());
        network.freeze();
        assertThat(Differences.greatest(view.predict(x), before)).isGreaterThan(1e-2);
        assertClose(view.predict(x), view.merge().predict(x), 1e-9);
    }
}
