package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.FiniteDifferences;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Gradients against finite differences of the definition, in which the norm is a constant. */
@Tag("numbers")
class DoRAGradientTest {
    private static final int ROWS = 4;
    private static final int WIDTH = 5;

    private final Network network = Network.builder(WIDTH)
            .dataType(DataType.DOUBLE)
            .linear("first", WIDTH)
            .activation(new ActivationTanH())
            .linear("second", WIDTH)
            .build(3);
    private final INDArray x = Samples.gaussian(1, DataType.DOUBLE, ROWS, WIDTH);
    private final INDArray direction = Samples.gaussian(2, DataType.DOUBLE, ROWS, WIDTH);
    private final List<LoRAParametrization> doras = new ArrayList<>();
    private final List<INDArray> norms = new ArrayList<>();
    private final List<INDArray> masks = new ArrayList<>();

    private void register(double dropout) {
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .alpha(3)
                .dora(true)
                .init(LoRAInit.random())
                .dropout(dropout)
                .build();
        for (Linear linear : network.linears()) {
            LoRAParametrization dora = LoRAParametrization.register(linear, config);
            magnitude(dora)
                    .value()
                    .addi(Samples.gaussian(3, DataType.DOUBLE, WIDTH).muli(0.3));
            doras.add(dora);
            norms.add(v(dora).norm2(1));
            masks.add(mask(linear.path(), config));
        }
    }

    /** What dropout makes of ones in the first step: seen through a plain LoRA of unit matrices. */
    private static INDArray mask(String path, LoRAConfig config) {
        Linear zeros = new Linear(path, Nd4j.zeros(DataType.DOUBLE, WIDTH, WIDTH), null);
        LoRAParametrization unit = LoRAParametrization.register(
                zeros, config.toBuilder().dora(false).rank(WIDTH).alpha(WIDTH).build());
        unit.loraA().value().assign(Nd4j.eye(WIDTH));
        unit.loraB().value().assign(Nd4j.eye(WIDTH));
        return new Network(List.of(zeros))
                .newTrainingPass()
                .forward(Nd4j.ones(DataType.DOUBLE, ROWS, WIDTH))
                .dup();
    }

    private static Parameter magnitude(LoRAParametrization dora) {
        return Objects.requireNonNull(dora.magnitude());
    }

    private static INDArray v(LoRAParametrization dora) {
        return dora.loraB().value().mmul(dora.loraA().value()).mul(dora.scale()).add(dora.originalWeight());
    }

    /** {@code Σ D∘y} by the definition with dropout; without, x̃ is x. */
    private double loss() {
        INDArray h = x;
        for (int i = 0; i < 2; i++) {
            LoRAParametrization dora = doras.get(i);
            INDArray dropped = h.mul(masks.get(i));
            INDArray c = magnitude(dora).value().div(norms.get(i));
            INDArray base = dropped.mmul(dora.originalWeight().transpose());
            INDArray change = dropped.mmul(v(dora).transpose()).sub(base);
            h = h.mmul(dora.originalWeight().transpose())
                    .add(base.mulRowVector(c.sub(1)))
                    .add(change.mulRowVector(c))
                    .addRowVector(
                            Objects.requireNonNull(network.linears().get(i).bias()));
            if (i == 0) {
                h = Transforms.tanh(h);
            }
        }
        return h.mul(direction).sumNumber().doubleValue();
    }

    private void assertGradients(List<Parameter> parameters) {
        Pass pass = network.newTrainingPass();
        INDArray y = pass.forward(x);
        assertThat(y.mul(direction).sumNumber().doubleValue()).isCloseTo(loss(), within(1e-12));
        pass.backward(direction);
        for (Parameter parameter : parameters) {
            FiniteDifferences.assertGradient(parameter.name(), this::loss, parameter.value(), pass.gradient(parameter));
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 0.4})
    void followTheDefinitionWithTheNormHeld(double dropout) {
        register(dropout);
        List<Parameter> all = new ArrayList<>();
        doras.forEach(dora -> all.addAll(dora.parameters()));
        assertThat(all).hasSize(6);
        assertThat(masks.get(0).minNumber().doubleValue()).isEqualTo(dropout == 0 ? 1 : 0);

        assertGradients(all);
    }

    @Test
    void reachTheWeightIfItTrains() {
        register(0);
        List<Parameter> weights =
                network.linears().stream().map(Linear::weightParameter).toList();
        weights.forEach(weight -> weight.setTrainable(true));

        assertGradients(weights);
    }

    @Test
    void predictionsHaveNoDropout() {
        register(0.4);
        masks.forEach(mask -> mask.assign(1));

        assertThat(network.predict(x).mul(direction).sumNumber().doubleValue()).isCloseTo(loss(), within(1e-12));
    }
}
