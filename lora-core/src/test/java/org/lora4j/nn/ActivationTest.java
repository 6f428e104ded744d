package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.nn.layer.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.activations.impl.ActivationPReLU;
import org.nd4j.linalg.activations.impl.ActivationRReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class ActivationTest {
    @Test
    void hasAPathAndAFunction() {
        IActivation tanh = new ActivationTanH();
        Activation activation = new Activation("tanh1", tanh);
        assertThat(activation.path()).isEqualTo("tanh1");
        assertThat(activation.function()).isSameAs(tanh);
        assertThat(activation).hasToString("tanh1: tanh");
    }

    @TestFactory
    List<DynamicTest> refusesBadArguments() {
        return table(
                argument(() -> new Activation("a", new ActivationPReLU(Nd4j.ones(1, 4), null)))
                        .says("a: an activation must have neither parameters nor state, found ActivationPReLU"),
                argument(() -> new Activation("a", new ActivationRReLU()))
                        .says("a: an activation must have neither parameters nor state, found ActivationRReLU"));
    }

    @Test
    void computesTheFunction() {
        Network network = Network.builder(2)
                .dataType(DataType.DOUBLE)
                .activation(new ActivationELU(0.5))
                .activation(new ActivationReLU(1.0, null, null))
                .activation(new ActivationTanH())
                .linear("l", 2, false)
                .build(1);
        network.linear("l").weight().assign(Nd4j.eye(2));
        INDArray y = network.predict(Nd4j.createFromArray(new double[][] {{-1, 0.25}, {2, 0.75}}));
        assertThat(y.getDouble(0, 0)).isZero();
        assertThat(y.getDouble(0, 1)).isCloseTo(Math.tanh(0.25), within(1e-12));
        assertThat(y.getDouble(1, 0)).isCloseTo(Math.tanh(1), within(1e-12));
        assertThat(y.getDouble(1, 1)).isCloseTo(Math.tanh(0.75), within(1e-12));
    }
}
