package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.Refusals;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What callers may not ask for, and what they are told. */
class SafeTensorsArgumentsTest {
    @TestFactory
    List<DynamicTest> namesWhatThereIsWhenATensorIsMissing() {
        SafeTensors tensors = SafeTensors.builder()
                .tensor("linear1.weight", Nd4j.createFromArray(1f))
                .tensor("linear1.bias", Nd4j.createFromArray(1f))
                .build();
        assertThat(tensors.names()).containsExactly("linear1.weight", "linear1.bias");
        return table(
                argument(() -> tensors.tensor("linear2.weight"))
                        .says("tensors in memory: no tensor 'linear2.weight', found 'linear1.weight', 'linear1.bias'"),
                argument(() -> tensors.shape("x")),
                argument(() -> tensors.dtype("x")),
                argument(() -> tensors.bytes("x")));
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

        Refusals.check(
                argument(() -> builder.tensor("__metadata__", array)).contains("valid Unicode other than __metadata__"),
                argument(() -> builder.tensor("lone \uD800", array)).contains("valid Unicode"),
                argument(() -> builder.tensor("taken", array))
                        .says("tensor 'taken': names must be unique, found a second one"),
                argument(() -> builder.tensor("t", null)).says("tensor 't': must not be null"),
                argument(() -> builder.tensor("text", Nd4j.create("a", "b")))
                        .says("tensor 'text': the ND4J type must have a dtype, found UTF8"),
                argument(() -> builder.metadata("k", null)).says("metadata 'k': must not be null"),
                argument(() -> builder.metadata("k", "\uDC00")).contains("valid Unicode"));
        assertThat(builder.build().names()).containsExactly("taken");
    }

    @TestFactory
    List<DynamicTest> refusesBytesThatDoNotFitTheirShape() {
        SafeTensorsBuilder builder = SafeTensors.builder();
        return table(
                argument(() -> builder.bytes("t", Dtype.F16, new long[] {2, 2}, new byte[7]))
                        .says("tensor 't': F16 [2, 2] must have 8 bytes, found 7"),
                argument(() -> builder.bytes("t", Dtype.F16, new long[] {-1, -4}, new byte[8]))
                        .contains("none negative"),
                argument(() -> builder.bytes("t", Dtype.U8, new long[33], new byte[0]))
                        .contains("at most 32 dimensions"),
                argument(() -> builder.bytes("t", Dtype.U8, new long[] {1L << 32, 1L << 32}, new byte[0]))
                        .contains("below 2^63"));
    }
}
