package org.lora4j.nn.transformer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.lora4j.fixtures.Differences;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** A case of a transformer that PyTorch and PEFT computed: a model, inputs and outputs. */
record GoldenCase(Path folder, SafeTensors io) {
    private static final String DECODERS = "decoder|smollm3|gemma2|gemma3|phi3";

    static GoldenCase of(String name) throws Exception {
        Path folder = Path.of(Objects.requireNonNull(GoldenCase.class.getResource("/golden/" + name))
                .toURI());
        return new GoldenCase(folder, SafeTensors.read(folder.resolve("io.safetensors")));
    }

    /** All cases of transformers, by name. */
    static List<GoldenCase> all() throws Exception {
        Path golden = Path.of(
                Objects.requireNonNull(GoldenCase.class.getResource("/golden")).toURI());
        List<GoldenCase> cases = new ArrayList<>();
        try (Stream<Path> folders = Files.list(golden)) {
            for (Path folder : folders.sorted().toList()) {
                if (folder.getFileName()
                        .toString()
                        .matches("(encoder|distilbert|mpnet|deberta|electra|modernbert|gte|nomic|embeddinggemma|"
                                + DECODERS + ")_.*")) {
                    cases.add(of(folder.getFileName().toString()));
                }
            }
        }
        return cases;
    }

    /** What a case is for, by what is in its folder. */
    enum Kind {
        OUTPUTS,
        ADAPTER,
        SEVERAL_ADAPTERS,
        GENERATION,
        GRADIENTS,
        TRAINING,
        EMBEDDING
    }

    Kind kind() {
        if (io.names().contains("eval_embedding")) {
            return Kind.EMBEDDING;
        }
        if (io.names().contains("losses")) {
            return Kind.TRAINING;
        }
        if (io.names().contains("loss")) {
            return Kind.GRADIENTS;
        }
        if (io.names().contains("prompt_0") || io.names().contains("probabilities_0")) {
            return Kind.GENERATION;
        }
        if (io.names().contains("logits_first")) {
            return Kind.SEVERAL_ADAPTERS;
        }
        return Files.exists(folder.resolve("adapter")) ? Kind.ADAPTER : Kind.OUTPUTS;
    }

    String name() {
        return folder.getFileName().toString();
    }

    boolean isEncoder() {
        return !name().matches("(" + DECODERS + ")_.*");
    }

    boolean isGpt2() throws Exception {
        return Files.readString(folder.resolve("config.json")).contains("\"gpt2\"");
    }

    PretrainedModel model(DataType type) throws Exception {
        return PretrainedModel.load(folder, type);
    }

    PretrainedModel model() throws Exception {
        return model(DataType.FLOAT);
    }

    /** The network that computes {@code logits}. */
    Network head(DataType type) throws Exception {
        return isEncoder() ? model(type).classifier() : model(type).causal();
    }

    Network causal(DataType type) throws Exception {
        return model(type).causal();
    }

    Network causal() throws Exception {
        return causal(DataType.FLOAT);
    }

    JsonNode settings() throws Exception {
        return new ObjectMapper().readTree(folder.resolve("case.json").toFile()).path("settings");
    }

    Path adapter() {
        return folder.resolve("adapter");
    }

    Sequences input() throws Exception {
        return input("");
    }

    /** The input whose tensors have a prefix. */
    Sequences input(String prefix) throws Exception {
        return Sequences.of(
                io.tensor(prefix + "input_ids"),
                io.tensor(prefix + "attention_mask"),
                io.names().contains(prefix + "token_type_ids") ? io.tensor(prefix + "token_type_ids") : null);
    }

    /** A matrix of a step of a training. */
    INDArray step(String name, int step) throws Exception {
        return io.tensor(name)
                .get(NDArrayIndex.point(step), NDArrayIndex.all(), NDArrayIndex.all())
                .dup();
    }

    /** Rows of one matrix, cut where the number of the segment changes. */
    static int[][] segments(int[] row, int[] segments) {
        List<int[]> parts = new ArrayList<>();
        int start = 0;
        for (int i = 1; i <= row.length; i++) {
            if (i == row.length || segments[i] != segments[start]) {
                parts.add(Arrays.copyOfRange(row, start, i));
                start = i;
            }
        }
        return parts.toArray(new int[0][]);
    }

    static INDArray oneHot(int[] labels, int classes, DataType type) {
        INDArray oneHot = Nd4j.zeros(type, labels.length, classes);
        for (int i = 0; i < labels.length; i++) {
            oneHot.putScalar(i, labels[i], 1);
        }
        return oneHot;
    }

    /** A gradient or weight as the file has it: transformers stores some of GPT-2 as {@code [in, out]}. */
    static INDArray asStored(String name, INDArray value) {
        boolean transposed = name.matches(".*\\.(attn\\.c_attn|attn\\.c_proj|mlp\\.c_fc|mlp\\.c_proj)\\.weight");
        return transposed ? ModelTensors.transposed(value) : value;
    }

    /** The output of a network, padded where it has a row for each token. */
    static INDArray predict(Network network, Sequences input) {
        return padded(input, network.predict(input));
    }

    static INDArray padded(Sequences input, INDArray rows) {
        return rows.size(0) == input.count() ? rows : input.pad(rows);
    }

    void assertOutput(String name, INDArray actual) throws Exception {
        assertTensor(name, actual, 1e-5);
    }

    /** Compares with a tensor of the case. Where values may be large, their error is relative: for all but the first cases of encoders. */
    void assertTensor(String name, INDArray actual, double tolerance) throws Exception {
        assertLike(name, actual, io.tensor(name), tolerance);
    }

    void assertLike(String what, INDArray actual, INDArray expected, double tolerance) {
        if (name().startsWith("encoder_")) {
            assertClose(what, actual, expected, tolerance);
        } else {
            assertRelative(what, actual, expected, tolerance);
        }
    }

    /** The tolerance is relative to the largest value if that is above 1. */
    static void assertRelative(String what, INDArray actual, INDArray expected, double tolerance) {
        assertClose(
                what,
                actual,
                expected,
                tolerance * Math.max(1, expected.amaxNumber().doubleValue()));
    }

    static void assertClose(String what, INDArray actual, INDArray expected, double tolerance) {
        assertThat(actual.shape())
                .as(what + " " + Arrays.toString(expected.shape()))
                .isEqualTo(expected.shape());
        assertThat(Differences.greatest(actual, expected)).as(what).isLessThanOrEqualTo(tolerance);
    }

    @Override
    public String toString() {
        return name();
    }
}
