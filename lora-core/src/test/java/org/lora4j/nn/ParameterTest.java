package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import org.junit.jupiter.api.Test;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class ParameterTest {
    @Test
    void isOverwrittenByElementsOfItsShapeWhileItTrains() {
        Parameter parameter = new Parameter("weight", Nd4j.createFromArray(new float[] {1, 2}), true);
        long version = parameter.weight().version();
        parameter.assign(Nd4j.createFromArray(3.0, 4.0));
        assertThat(parameter.value()).isEqualTo(Nd4j.createFromArray(3f, 4f));
        assertThat(parameter.weight().version()).isGreaterThan(version);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> parameter.assign(Nd4j.createFromArray(3f)))
                .withMessage("weight: the elements must have the shape [2], found [1]");
        parameter.setTrainable(false);
        assertThatIllegalStateException()
                .isThrownBy(() -> parameter.assign(Nd4j.createFromArray(5f, 6f)))
                .withMessageContaining("must be trainable, found it frozen");
        assertThat(parameter.value()).isEqualTo(Nd4j.createFromArray(3f, 4f));
    }

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
