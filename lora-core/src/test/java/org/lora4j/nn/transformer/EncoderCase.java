package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A case that PyTorch and PEFT computed: a model, inputs and outputs. */
record EncoderCase(Path folder, SafeTensors io) {
    static EncoderCase of(String name) throws Exception {
        Path folder = Path.of(Objects.requireNonNull(EncoderCase.class.getResource("/golden/" + name))
                .toURI());
        return new EncoderCase(folder, SafeTensors.read(folder.resolve("io.safetensors")));
    }

    PretrainedModel model(DataType type) throws Exception {
        return PretrainedModel.load(folder, type);
    }

    PretrainedModel model() throws Exception {
        return model(DataType.FLOAT);
    }

    JsonNode settings() throws Exception {
        return new ObjectMapper().readTree(folder.resolve("case.json").toFile()).path("settings");
    }

    Sequences input() throws Exception {
        return input("");
    }

    /** The input whose tensors have a prefix. */
    Sequences input(String prefix) throws Exception {
        return Sequences.of(
                io.tensor(prefix + "input_ids"),
                io.tensor(prefix + "attention_mask"),
                io.tensor(prefix + "token_type_ids"));
    }

    /** The input of a step of a training. */
    Sequences input(int step) throws Exception {
        return Sequences.of(step("input_ids", step), step("attention_mask", step), step("token_type_ids", step));
    }

    private INDArray step(String name, int step) throws Exception {
        return io.tensor(name)
                .get(NDArrayIndex.point(step), NDArrayIndex.all(), NDArrayIndex.all())
                .dup();
    }

    /** The labels of a step of a training, one-hot. */
    INDArray labels(int step, int classes, DataType type) throws Exception {
        return oneHot(io.tensor("labels").getRow(step).toIntVector(), classes, type);
    }

    static INDArray oneHot(int[] labels, int classes, DataType type) {
        INDArray oneHot = Nd4j.zeros(type, labels.length, classes);
        for (int i = 0; i < labels.length; i++) {
            oneHot.putScalar(i, labels[i], 1);
        }
        return oneHot;
    }

    void assertOutput(String name, INDArray actual) throws Exception {
        assertClose(name, actual, io.tensor(name), 1e-5);
    }

    static void assertClose(String what, INDArray actual, INDArray expected, double tolerance) {
        assertThat(actual.shape())
                .as(what + " " + Arrays.toString(expected.shape()))
                .isEqualTo(expected.shape());
        assertThat(actual.sumNumber().doubleValue()).as(what).isFinite();
        assertThat(actual.castTo(DataType.DOUBLE)
                        .sub(expected.castTo(DataType.DOUBLE))
                        .amaxNumber()
                        .doubleValue())
                .as(what)
                .isLessThanOrEqualTo(tolerance);
    }
}
