package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ParameterTest {
    @Test
    void isTrainableOrFrozen() {
        INDArray value = Nd4j.create(DataType.FLOAT, 2, 3);
        Parameter parameter = new Parameter("p", value, false);
        assertThat(parameter.name()).isEqualTo("p");
        assertThat(parameter.value()).isSameAs(value);
        assertThat(parameter.isTrainable()).isFalse();
        assertThat(parameter.toString()).startsWith("p").endsWith("frozen");
        parameter.setTrainable(true);
        assertThat(parameter.isTrainable()).isTrue();
        assertThat(parameter.toString()).endsWith("trainable");
    }
}
