package org.lora4j.nn.transformer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A case of a decoder that PyTorch and PEFT computed. */
record DecoderCase(Path folder, SafeTensors io) {
    static DecoderCase of(String name) throws Exception {
        Path folder = Path.of(Objects.requireNonNull(DecoderCase.class.getResource("/golden/" + name))
                .toURI());
        return new DecoderCase(folder, SafeTensors.read(folder.resolve("io.safetensors")));
    }

    boolean isGpt2() throws Exception {
        return Files.readString(folder.resolve("config.json")).contains("\"gpt2\"");
    }

    Network causal(DataType type) throws Exception {
        return PretrainedModel.load(folder, type).causal();
    }

    Network causal() throws Exception {
        return causal(DataType.FLOAT);
    }

    Network lastHiddenState() throws Exception {
        return PretrainedModel.load(folder).lastHiddenState();
    }

    JsonNode settings() throws Exception {
        return new ObjectMapper().readTree(folder.resolve("case.json").toFile()).path("settings");
    }

    /** The input whose tensors have a prefix. */
    Sequences input(String prefix) throws Exception {
        return Sequences.of(io.tensor(prefix + "input_ids"), io.tensor(prefix + "attention_mask"), null);
    }

    Sequences input() throws Exception {
        return input("");
    }

    /** A matrix of a step of a training. */
    int[][] step(String name, int step) throws Exception {
        return io.tensor(name)
                .get(NDArrayIndex.point(step), NDArrayIndex.all(), NDArrayIndex.all())
                .dup()
                .toIntMatrix();
    }

    /** Rows of one matrix, cut where the number of the segment changes. */
    static int[][] segments(int[] row, int[] segments) {
        List<int[]> parts = new ArrayList<>();
        int start = 0;
        for (int i = 1; i <= row.length; i++) {
            if (i == row.length || segments[i] != segments[start]) {
                parts.add(java.util.Arrays.copyOfRange(row, start, i));
                start = i;
            }
        }
        return parts.toArray(new int[0][]);
    }

    /** Whether transformers stores a weight of GPT-2 as {@code [in, out]}. */
    static boolean isTransposed(String name) {
        return name.matches(".*\\.(attn\\.c_attn|attn\\.c_proj|mlp\\.c_fc|mlp\\.c_proj)\\.weight");
    }

    /** The rows of {@code [n, t, dim]} under each other. */
    static INDArray rows(INDArray padded) {
        return padded.reshape('c', padded.size(0) * padded.size(1), padded.size(2));
    }

    /** Compares rows of the tokens that are not masked with a padded tensor. */
    void assertOutput(String name, Sequences input, INDArray rows) throws Exception {
        assertClose(name, input.pad(rows), io.tensor(name), 1e-5);
    }

    /** The tolerance is relative to the largest value if that is above 1. */
    static void assertClose(String what, INDArray actual, INDArray expected, double tolerance) {
        double largest = Math.max(1, expected.amaxNumber().doubleValue());
        EncoderCase.assertClose(what, actual, expected, tolerance * largest);
    }
}
