package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import onnx.Onnx;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.protobuf.ByteString;

class OnnxWeightsTest {
    private static Onnx.TensorProto tensor(String name, int bytes, float[] values, long... shape) {
        ByteBuffer raw = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        raw.asFloatBuffer().put(values);
        Onnx.TensorProto.Builder tensor = Onnx.TensorProto.newBuilder()
                .setName(name)
                .setDataType(Onnx.TensorProto.DataType.FLOAT_VALUE)
                .setRawData(ByteString.copyFrom(raw.array(), 0, bytes));
        for (long size : shape) {
            tensor.addDims(size);
        }
        return tensor.build();
    }

    private static Map<String, INDArray> read(Onnx.TensorProto... tensors) throws IOException {
        Onnx.GraphProto.Builder graph = Onnx.GraphProto.newBuilder();
        graph.addNode(Onnx.NodeProto.newBuilder()
                .setOpType("MatMul")
                .setName("/encoder/layer.0/attention/self/query/MatMul_1")
                .addInput("x")
                .addInput("onnx::MatMul_787"));
        graph.addNode(Onnx.NodeProto.newBuilder()
                .setOpType("Add")
                .setName("/other")
                .addInput("x")
                .addInput("bias"));
        for (Onnx.TensorProto tensor : tensors) {
            graph.addInitializer(tensor);
        }
        byte[] file = Onnx.ModelProto.newBuilder().setGraph(graph).build().toByteArray();
        return OnnxWeights.read(new ByteArrayInputStream(file));
    }

    @Test
    void aWeightWithoutANameHasThatOfItsNodeAndIsTransposedBack() throws IOException {
        Map<String, INDArray> weights = read(
                tensor("onnx::MatMul_787", 24, new float[] {1, 2, 3, 4, 5, 6}, 3, 2),
                tensor("bias", 8, new float[] {7, 8}, 2),
                tensor("a constant", 4, new float[] {9}),
                Onnx.TensorProto.newBuilder()
                        .setName("a shape")
                        .setDataType(Onnx.TensorProto.DataType.INT64_VALUE)
                        .addDims(1)
                        .build());
        assertThat(weights).containsOnlyKeys("encoder.layer.0.attention.self.query.weight", "bias");
        assertThat(weights.get("encoder.layer.0.attention.self.query.weight"))
                .isEqualTo(Nd4j.createFromArray(new float[][] {{1, 3, 5}, {2, 4, 6}}));
        assertThat(weights.get("bias")).isEqualTo(Nd4j.createFromArray(7f, 8f));
    }

    @Test
    void refusesATensorWithoutAllItsBytes() {
        assertThatIOException()
                .isThrownBy(() -> read(tensor("bias", 4, new float[] {7, 8}, 2)))
                .withMessage("ONNX: the tensor bias must have 8 bytes for [2], found 4");
    }
}
