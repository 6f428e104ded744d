package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What callers may not ask for, and what they are told. */
class SafeTensorsArgumentsTest {
    @Test
    void namesWhatThereIsWhenATensorIsMissing() {
        SafeTensors tensors = SafeTensors.builder()
                .tensor("linear1.weight", Nd4j.createFromArray(1f))
                .tensor("linear1.bias", Nd4j.createFromArray(1f))
                .build();

        assertThat(tensors.names()).containsExactly("linear1.weight", "linear1.bias");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tensors.tensor("linear2.weight"))
                .withMessage("tensors in memory: no tensor 'linear2.weight', found 'linear1.weight', 'linear1.bias'");
        assertThatIllegalArgumentException().isThrownBy(() -> tensors.shape("x"));
        assertThatIllegalArgumentException().isThrownBy(() -> tensors.dtype("x"));
        assertThatIllegalArgumentException().isThrownBy(() -> tensors.bytes("x"));
    }

    @Test
    void shortensTheNamesOfManyTensors() {
        SafeTensorsBuilder builder = SafeTensors.builder();
        IntStream.range(0, 100).forEach(i -> builder.tensor("t" + i, Nd4j.createFromArray(1f)));

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.build().tensor("x"))
                .withMessageEndingWith("'t19' and 80 more");
        assertThat(builder.build()).asString().endsWith("'t19' and 80 more]");
    }

    @Test
    @SuppressWarnings("NullAway")
    void refusesWhatAFileCannotHold() {
        INDArray array = Nd4j.createFromArray(1f);
        SafeTensorsBuilder builder = SafeTensors.builder().tensor("taken", array);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.tensor("__metadata__", array))
                .withMessageContaining("valid Unicode other than __metadata__");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.tensor("lone \uD800", array))
                .withMessageContaining("valid Unicode");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.tensor("taken", array))
                .withMessage("tensor 'taken': names must be unique, found a second one");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.tensor("t", null))
                .withMessage("tensor 't': must not be null");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.tensor("text", Nd4j.create("a", "b")))
                .withMessage("tensor 'text': the ND4J type must have a dtype, found UTF8");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.metadata("k", null))
                .withMessage("metadata 'k': must not be null");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.metadata("k", "\uDC00"))
                .withMessageContaining("valid Unicode");
        assertThat(builder.build().names()).containsExactly("taken");
    }

    @Test
    void refusesBytesThatDoNotFitTheirShape() {
        SafeTensorsBuilder builder = SafeTensors.builder();

        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.bytes("t", Dtype.F16, new long[] {2, 2}, new byte[7]))
                .withMessage("tensor 't': F16 [2, 2] must have 8 bytes, found 7");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.bytes("t", Dtype.F16, new long[] {-1, -4}, new byte[8]))
                .withMessageContaining("none negative");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.bytes("t", Dtype.U8, new long[33], new byte[0]))
                .withMessageContaining("at most 32 dimensions");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder.bytes("t", Dtype.U8, new long[] {1L << 32, 1L << 32}, new byte[0]))
                .withMessageContaining("below 2^63");
    }
}
