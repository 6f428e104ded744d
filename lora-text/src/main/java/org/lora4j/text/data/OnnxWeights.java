package org.lora4j.text.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import onnx.Onnx;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The weights of an ONNX file of the BERT family, in the names and shapes of Hugging Face's {@code transformers}.
 *
 * <p>An exporter transposes the weights of linear layers to {@code [in, out]} and gives them names without a meaning, such as
 * {@code onnx::MatMul_787}. Their names are those of the nodes that use them:
 * {@code /encoder/layer.0/attention/self/query/MatMul}.
 */
public final class OnnxWeights {
    private static final String EXPORTED = "onnx::";

    private OnnxWeights() {}

    /**
     * Reads all weights.
     *
     * @param file the ONNX file, which is read to its end
     * @return the tensors by name, in FLOAT
     * @throws IOException if the file cannot be read or is not an ONNX file with weights in FLOAT
     */
    public static Map<String, INDArray> read(InputStream file) throws IOException {
        Onnx.GraphProto graph = Onnx.ModelProto.parseFrom(file).getGraph();
        Map<String, String> names = namesByUse(graph);
        Map<String, INDArray> weights = new LinkedHashMap<>();
        for (Onnx.TensorProto tensor : graph.getInitializerList()) {
            // The others are constants of the computation: shapes, axes, factors.
            if (tensor.getDataType() == Onnx.TensorProto.DataType.FLOAT_VALUE && tensor.getDimsCount() > 0) {
                String name = names.get(tensor.getName());
                INDArray values = array(tensor);
                weights.put(
                        name == null ? tensor.getName() : name,
                        name == null ? values : values.transpose().dup('c'));
            }
        }
        return weights;
    }

    private static Map<String, String> namesByUse(Onnx.GraphProto graph) {
        Map<String, String> names = new HashMap<>();
        for (Onnx.NodeProto node : graph.getNodeList()) {
            if (node.getOpType().equals("MatMul")
                    && node.getInputCount() == 2
                    && node.getInput(1).startsWith(EXPORTED)) {
                String path = node.getName().replaceFirst("^/", "").replaceFirst("/MatMul(_\\d+)?$", "");
                names.put(node.getInput(1), path.replace('/', '.') + ".weight");
            }
        }
        return names;
    }

    private static INDArray array(Onnx.TensorProto tensor) throws IOException {
        long[] shape = tensor.getDimsList().stream().mapToLong(Long::longValue).toArray();
        long length = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        ByteBuffer raw = tensor.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
        if (raw.remaining() != Float.BYTES * length) {
            throw new IOException(String.format(
                    Locale.ROOT,
                    "ONNX: the tensor %s must have %,d bytes for %s, found %,d",
                    tensor.getName(),
                    Float.BYTES * length,
                    Arrays.toString(shape),
                    raw.remaining()));
        }
        float[] values = new float[Math.toIntExact(length)];
        raw.asFloatBuffer().get(values);
        return Nd4j.createFromArray(values).reshape('c', shape);
    }
}
