package org.lora4j.nn.onnx.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.OperatorSetIdProto;
import onnx.Onnx.StringStringEntryProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorProto.DataLocation;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.nn.layer.Layer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.shade.protobuf.ByteString;

/**
 * Writes a network as a file of ONNX, with ONNX's own classes, which are a part of ND4J. Weights are FLOAT. A message of protobuf has at
 * most 2 GB, so the weights of a larger network get a second file beside the first one.
 */
public final class OnnxFile {
    /** Version 17 of the standard, which ONNX Runtime knows since version 1.12: the first one with layer normalization. */
    private static final int OPERATORS = 17;

    /** The version of the format that belongs to it. */
    private static final int FORMAT = 8;

    /** What the nodes and the small constants may take beside the weights. */
    private static final long MOST_IN_ONE_FILE = Integer.MAX_VALUE - (64L << 20);

    private static final String SECOND = "_data";

    private OnnxFile() {}

    /**
     * Writes a network.
     *
     * @param layers the layers, of which the first one takes tokens
     * @param file the file; an older one is replaced
     * @throws IllegalArgumentException if a layer has no form in ONNX, the network is a language model, or a weight is not finite or too
     *     large; nothing is written then
     * @throws IOException if it cannot be written
     */
    public static void write(List<Layer> layers, Path file) throws IOException {
        write(layers, file, MOST_IN_ONE_FILE);
    }

    /** Writes a network with another limit for the first file. */
    static void write(List<Layer> layers, Path file, long mostInOneFile) throws IOException {
        NetworkGraph network = NetworkGraph.of(layers);
        network.weights().forEach(OnnxFile::requireLength);
        long bytes = network.weights().stream().mapToLong(Weights.Tensor::bytes).sum();
        GraphProto.Builder graph = network.nodes();
        Path second = file.resolveSibling(file.getFileName() + SECOND);
        if (bytes <= mostInOneFile) {
            network.weights().forEach(tensor -> graph.addInitializer(inside(tensor)));
            write(graph, file);
            Files.deleteIfExists(second);
        } else {
            // Without the weights, an older first file would be read with those of this network.
            Files.deleteIfExists(file);
            AtomicFile.write(second, channel -> {
                for (Weights.Tensor tensor : network.weights()) {
                    long offset = channel.position();
                    with(tensor, content -> AtomicFile.writeFully(channel, content));
                    graph.addInitializer(outside(tensor, second, offset));
                }
            });
            write(graph, file);
        }
    }

    private static void write(GraphProto.Builder graph, Path file) throws IOException {
        ModelProto model = ModelProto.newBuilder()
                .setIrVersion(FORMAT)
                .setProducerName("lora4j")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATORS))
                .setGraph(graph)
                .build();
        AtomicFile.write(file, channel -> model.writeTo(Channels.newOutputStream(channel)));
    }

    private static TensorProto.Builder header(Weights.Tensor tensor) {
        return TensorProto.newBuilder()
                .setName(tensor.name())
                .setDataType(TensorProto.DataType.FLOAT_VALUE)
                .addAllDims(tensor.shape());
    }

    private static TensorProto inside(Weights.Tensor tensor) {
        TensorProto.Builder proto = header(tensor);
        with(tensor, content -> proto.setRawData(ByteString.copyFrom(content)));
        return proto.build();
    }

    private static TensorProto outside(Weights.Tensor tensor, Path second, long offset) {
        TensorProto.Builder proto = header(tensor).setDataLocation(DataLocation.EXTERNAL);
        Map<String, Object> place =
                Map.of("location", second.getFileName(), "offset", offset, "length", tensor.bytes());
        place.forEach((key, value) -> proto.addExternalData(
                StringStringEntryProto.newBuilder().setKey(key).setValue(String.valueOf(value))));
        return proto.build();
    }

    private static <E extends Exception> void with(Weights.Tensor tensor, ArrayBytes.Action<E> action) throws E {
        INDArray values = tensor.values().get();
        ArrayBytes.with(values.dataType() == DataType.FLOAT ? values : values.castTo(DataType.FLOAT), content -> {
            requireFinite(tensor, content);
            action.accept(content);
        });
    }

    private static void requireLength(Weights.Tensor tensor) {
        if (tensor.bytes() > ArrayBytes.MAX_BYTES) {
            throw new IllegalArgumentException(
                    tensor.parameter() + ": a weight that is written as ONNX must have at most " + ArrayBytes.MAX_BYTES
                            + " bytes, found " + tensor.bytes());
        }
    }

    private static void requireFinite(Weights.Tensor tensor, ByteBuffer content) {
        FloatBuffer numbers = content.duplicate().order(content.order()).asFloatBuffer();
        while (numbers.hasRemaining()) {
            float number = numbers.get();
            if (!Float.isFinite(number)) {
                throw new IllegalArgumentException(
                        tensor.parameter() + ": a weight that is written as ONNX must be finite, found " + number);
            }
        }
    }
}
