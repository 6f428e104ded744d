package org.lora4j.nn.onnx.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import onnx.Onnx.GraphProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorProto.DataType;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.TypeProto;
import onnx.Onnx.ValueInfoProto;
import org.nd4j.shade.protobuf.ByteString;

/**
 * A graph of ONNX that grows node by node. A value is known by its name. Nodes have the names that PyTorch's exporter gives them:
 * {@code /encoder/layer.0/attention/self/query/MatMul}.
 */
final class Graph {
    private final GraphProto.Builder graph = GraphProto.newBuilder().setName("lora4j");

    /** Values that several layers read, by what they are. */
    private final Map<Object, String> known = new HashMap<>();

    /** How many nodes have a name. */
    private final Map<String, Integer> names = new HashMap<>();

    /**
     * Adds a node with one output.
     *
     * @param path the module path of the layer that it is a part of; empty for one that several layers read
     * @param inputs the names of values; an empty one for an input that is left out
     * @return the name of the output
     */
    String add(String path, Operator operator, String... inputs) {
        return add(path, operator, 1, inputs).get(0);
    }

    /** Adds a node without attributes, with one output. */
    String add(String path, String operator, String... inputs) {
        return add(path, Operator.of(operator), inputs);
    }

    /** Adds a node that makes FLOAT of whole numbers or truth values. */
    String numbers(String path, String x) {
        return add(path, Operator.of("Cast").with("to", DataType.FLOAT_VALUE), x);
    }

    /** Adds a node that makes whole numbers of truth values. */
    String wholeNumbers(String path, String x) {
        return add(path, Operator.of("Cast").with("to", DataType.INT64_VALUE), x);
    }

    /** Adds a node with several outputs. */
    List<String> add(String path, Operator operator, int outputs, String... inputs) {
        // A number stays with the list that it is an index of.
        String module = path.isEmpty() ? "" : "/" + path.replaceAll("\\.(?!\\d)", "/");
        String name = unique(module + "/" + operator.name());
        List<String> results = new ArrayList<>();
        for (int i = 0; i < outputs; i++) {
            results.add(name + "_output_" + i);
        }
        graph.addNode(NodeProto.newBuilder()
                .setName(name)
                .setOpType(operator.name())
                .addAllInput(Arrays.asList(inputs))
                .addAllOutput(results)
                .addAllAttribute(operator.attributes()));
        return results;
    }

    private String unique(String name) {
        int before = names.merge(name, 1, Integer::sum) - 1;
        return before == 0 ? name : name + "_" + before;
    }

    /** Returns a value that is computed once, whoever reads it. */
    String once(Object what, Supplier<String> value) {
        String found = known.get(what);
        if (found == null) {
            found = value.get();
            known.put(what, found);
        }
        return found;
    }

    /** A vector of whole numbers that never changes. */
    String integers(long... values) {
        return once(Arrays.toString(values), () -> {
            TensorProto.Builder tensor = constant(DataType.INT64_VALUE).addDims(values.length);
            Arrays.stream(values).forEach(tensor::addInt64Data);
            return add(tensor);
        });
    }

    /** A whole number that never changes, without a dimension. */
    String integer(long value) {
        return once(value, () -> add(constant(DataType.INT64_VALUE).addInt64Data(value)));
    }

    /** A number that never changes, without a dimension. */
    String number(double value) {
        return once((float) value, () -> add(constant(DataType.FLOAT_VALUE).addFloatData((float) value)));
    }

    /** A matrix of numbers that never change. */
    String matrix(float[][] rows) {
        int columns = rows[0].length;
        ByteBuffer bytes =
                ByteBuffer.allocate(Float.BYTES * rows.length * columns).order(ByteOrder.LITTLE_ENDIAN);
        for (float[] row : rows) {
            for (float value : row) {
                bytes.putFloat(value);
            }
        }
        return add(constant(DataType.FLOAT_VALUE)
                .addDims(rows.length)
                .addDims(columns)
                .setRawData(ByteString.copyFrom(bytes.flip())));
    }

    private TensorProto.Builder constant(int type) {
        return TensorProto.newBuilder().setName(unique("onnx::Constant")).setDataType(type);
    }

    private String add(TensorProto.Builder tensor) {
        graph.addInitializer(tensor);
        return tensor.getName();
    }

    /** Adds an input of whole numbers {@code [batch_size, sequence_length]}. */
    String input(String name) {
        graph.addInput(value(name, DataType.INT64_VALUE, "batch_size", "sequence_length"));
        return name;
    }

    /**
     * Adds an output of numbers.
     *
     * @param name its name
     * @param value the value that it is
     * @param dimensions names of dimensions that each call chooses, and numbers of fixed ones
     */
    void output(String name, String value, Object... dimensions) {
        graph.addNode(NodeProto.newBuilder()
                .setName("/" + name)
                .setOpType("Identity")
                .addInput(value)
                .addOutput(name));
        graph.addOutput(value(name, DataType.FLOAT_VALUE, dimensions));
    }

    private static ValueInfoProto value(String name, int type, Object... dimensions) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Object dimension : dimensions) {
            TensorShapeProto.Dimension.Builder one = TensorShapeProto.Dimension.newBuilder();
            shape.addDim(
                    dimension instanceof Number number
                            ? one.setDimValue(number.longValue())
                            : one.setDimParam(String.valueOf(dimension)));
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder()
                        .setTensorType(
                                TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape)))
                .build();
    }

    /** What was added until now. */
    GraphProto.Builder build() {
        return graph.clone();
    }
}
