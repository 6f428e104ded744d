package org.lora4j.example.text.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import onnx.Onnx;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.example.support.onnx.OnnxWeights;
import org.lora4j.example.support.onnx.Resource;
import org.lora4j.io.SafeTensors;
import org.nd4j.shade.protobuf.ByteString;

/** Converts a tiny ONNX file with the traits of a real one. */
class ModelFolderTest {
    private static final String CONFIG = "{\"model_type\": \"bert\"}";

    @TempDir
    private Path temp;

    private final byte[] onnx = onnx().toByteArray();

    @Test
    void convertsNamesAndOrderOfWeights() throws IOException {
        Path folder = temp.resolve("new").resolve("model");
        folder(onnx).prepare(folder);
        SafeTensors tensors = SafeTensors.read(folder.resolve("model.safetensors"));
        assertThat(tensors.names()).containsExactlyInAnyOrder("norm.bias", "layer.0.query.weight");
        assertThat(tensors.tensor("norm.bias").toFloatVector()).containsExactly(7, 8, 9);
        assertThat(tensors.tensor("layer.0.query.weight").toFloatMatrix())
                .isDeepEqualTo(new float[][] {{1, 4}, {2, 5}, {3, 6}});
        assertThat(folder.resolve("config.json")).hasContent(CONFIG);
        assertThat(folder).isDirectoryNotContaining(file -> Files.isDirectory(file));
    }

    @Test
    void leavesAConvertedModelAlone() throws IOException {
        Path folder = temp.resolve("model");
        ModelFolder model = folder(onnx);
        model.prepare(folder);
        long written =
                Files.getLastModifiedTime(folder.resolve("model.safetensors")).toMillis();
        ModelFolder later = new ModelFolder(
                () -> {
                    throw new IOException("must not be read again");
                },
                model.onnxSha256(),
                model.config(),
                model.tensorsSha256());
        later.prepare(folder);
        assertThat(Files.getLastModifiedTime(folder.resolve("model.safetensors"))
                        .toMillis())
                .isEqualTo(written);
    }

    @Test
    void refusesAnotherOnnxFileAndATruncatedOne() throws IOException {
        ModelFolder expected = folder(onnx);
        byte[] truncated = Arrays.copyOf(onnx, onnx.length - 1);
        ModelFolder other = new ModelFolder(
                () -> new ByteArrayInputStream(truncated),
                expected.onnxSha256(),
                expected.config(),
                expected.tensorsSha256());
        Path folder = temp.resolve("other");
        assertThatThrownBy(() -> other.prepare(folder))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(
                        "the ONNX file on the class path must have the SHA-256 " + expected.onnxSha256());
        assertThat(folder).doesNotExist();
    }

    @Test
    void refusesAConversionWithAnotherResultAndLeavesNothing() throws IOException {
        ModelFolder model = folder(onnx);
        String wrong = "0".repeat(64);
        ModelFolder other = new ModelFolder(model.onnx(), model.onnxSha256(), model.config(), wrong);
        Path folder = temp.resolve("wrong");
        assertThatThrownBy(() -> other.prepare(folder))
                .hasMessageContaining("must have the SHA-256 " + wrong + ", found " + model.tensorsSha256());
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void refusesADamagedFileInTheFolder() throws IOException {
        Path folder = temp.resolve("damaged");
        ModelFolder model = folder(onnx);
        model.prepare(folder);
        Path tensors = folder.resolve("model.safetensors");
        byte[] whole = Files.readAllBytes(tensors);
        Files.write(tensors, Arrays.copyOf(whole, whole.length - 4));
        assertThatThrownBy(() -> model.prepare(folder))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(tensors + ": must be the file that this program wrote")
                .hasMessageContaining("delete it");
        Files.write(tensors, whole);
        Files.writeString(folder.resolve("config.json"), "{}");
        assertThatThrownBy(() -> model.prepare(folder)).hasMessageStartingWith(folder.resolve("config.json") + ": ");
    }

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void refusesAPipeWithoutWaitingForItsWriter() throws Exception {
        for (String name : new String[] {"config.json", "model.safetensors"}) {
            Path folder = temp.resolve("pipe-" + name);
            ModelFolder model = folder(onnx);
            model.prepare(folder);
            Path file = folder.resolve(name);
            Files.delete(file);
            assertThat(new ProcessBuilder("mkfifo", file.toString()).start().waitFor())
                    .isZero();
            assertTimeoutPreemptively(
                    Duration.ofSeconds(20),
                    () -> assertThatThrownBy(() -> model.prepare(folder))
                            .hasMessage(file + ": must be a regular file, found a device, a pipe or a socket"));
        }
    }

    @Test
    void refusesATensorWithTooFewBytes() {
        byte[] wrong = Onnx.ModelProto.newBuilder()
                .setGraph(Onnx.GraphProto.newBuilder().addInitializer(tensor("w", new long[] {2, 2}, 1, 2, 3)))
                .build()
                .toByteArray();
        assertThatThrownBy(() -> OnnxWeights.read(() -> new ByteArrayInputStream(wrong)))
                .isInstanceOf(IOException.class)
                .hasMessage("ONNX: the tensor w must have 16 bytes for [2, 2], found 12");
    }

    /** A folder that expects what the conversion gives, which the first test looks at. */
    private ModelFolder folder(byte[] file) throws IOException {
        Resource source = () -> new ByteArrayInputStream(file);
        Resource config = () -> new ByteArrayInputStream(CONFIG.getBytes(StandardCharsets.UTF_8));
        byte[] converted = SafeTensors.of(OnnxWeights.read(source), java.util.Map.of("format", "pt"))
                .toBytes();
        return new ModelFolder(source, Sha256.of(source), config, Sha256.of(() -> new ByteArrayInputStream(converted)));
    }

    private static Onnx.ModelProto onnx() {
        return Onnx.ModelProto.newBuilder()
                .setGraph(Onnx.GraphProto.newBuilder()
                        .addInitializer(tensor("norm.bias", new long[] {3}, 7, 8, 9))
                        .addInitializer(tensor("onnx::MatMul_12", new long[] {2, 3}, 1, 2, 3, 4, 5, 6))
                        .addInitializer(tensor("constant", new long[0], 0.125f))
                        .addNode(Onnx.NodeProto.newBuilder()
                                .setOpType("MatMul")
                                .setName("/layer.0/query/MatMul_1")
                                .addInput("x")
                                .addInput("onnx::MatMul_12")))
                .build();
    }

    private static Onnx.TensorProto tensor(String name, long[] shape, float... values) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        Onnx.TensorProto.Builder tensor = Onnx.TensorProto.newBuilder()
                .setName(name)
                .setDataType(Onnx.TensorProto.DataType.FLOAT_VALUE)
                .setRawData(ByteString.copyFrom(bytes));
        for (long dimension : shape) {
            tensor.addDims(dimension);
        }
        return tensor.build();
    }
}
