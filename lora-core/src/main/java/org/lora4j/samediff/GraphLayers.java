package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/** Finds the weights of a graph that adapters can be applied to, by the operations that compute with them. */
final class GraphLayers {
    private final SameDiff graph;
    private final UnaryOperator<String> paths;
    private final Ranks ranks;
    private final Map<String, List<WeightUse>> uses = new LinkedHashMap<>();
    private final Map<String, String> problems = new LinkedHashMap<>();

    private GraphLayers(SameDiff graph, UnaryOperator<String> paths) {
        this.graph = graph;
        this.paths = paths;
        ranks = new Ranks(graph);
    }

    /**
     * What was found.
     *
     * @param layers the layers in the order of the graph's operations
     * @param refused why a weight cannot be adapted, by module path
     */
    record Found(List<GraphLayer> layers, Map<String, String> refused) {}

    static Found find(SameDiff graph, UnaryOperator<String> paths) {
        return new GraphLayers(graph, paths).find();
    }

    private Found find() {
        graph.getOps().values().forEach(this::examine);
        Map<String, GraphLayer> layers = new LinkedHashMap<>();
        Map<String, String> refused = new LinkedHashMap<>();
        problems.forEach((variable, problem) -> refused.put(path(variable), problem));
        uses.forEach((variable, ofVariable) -> {
            String path = path(variable);
            WeightUse first = ofVariable.get(0);
            if (problems.containsKey(variable)) {
                return;
            }
            if (ofVariable.stream().anyMatch(use -> use.kind() != first.kind() || use.layout() != first.layout())) {
                refused.put(
                        path,
                        "operations must use a weight in one way, found "
                                + labels(ofVariable.stream().map(WeightUse::op).toList())
                                + ", which use it in several");
                return;
            }
            GraphLayer layer = new GraphLayer(graph, path, variable, bias(ofVariable), List.copyOf(ofVariable));
            List<String> others = layer.otherUses(graph);
            if (!others.isEmpty()) {
                refused.put(
                        path,
                        "only operations that adapters know must use a weight, found " + others
                                + "; use the weight itself instead of a transposed or computed form of it");
                return;
            }
            GraphLayer other = layers.put(path, layer);
            if (other != null) {
                throw new IllegalArgumentException("the variables '" + other.variable() + "' and '" + variable
                        + "' must have different module paths, found '" + path + "' for both");
            }
        });
        return new Found(List.copyOf(layers.values()), Collections.unmodifiableMap(refused));
    }

    private List<String> labels(List<String> ops) {
        return ops.stream().map(op -> Graphs.label(Graphs.op(graph, op))).toList();
    }

    private String path(String variable) {
        return Objects.requireNonNull(paths.apply(variable), "the module path of '" + variable + "' must not be null");
    }

    /** The bias that all operations add. */
    private static @Nullable String bias(List<WeightUse> uses) {
        WeightUse.BiasUse first = uses.get(0).bias();
        if (first == null) {
            return null;
        }
        boolean isCommon = uses.stream()
                .map(WeightUse::bias)
                .allMatch(bias -> bias != null && bias.variable().equals(first.variable()));
        return isCommon ? first.variable() : null;
    }

    private void examine(SameDiffOp op) {
        switch (op.getOp().opName()) {
            case "matmul" -> matmul(op);
            case "xw_plus_b" -> xwPlusB(op);
            case "gather" -> gather(op);
            case "conv2d" -> conv2d(op);
            case "relu_layer" ->
                refuse(op, 1, "relu_layer adds no update before its ReLU; build it of mmul, add, relu");
            case "embedding_lookup" -> refuse(op, 0, "embedding_lookup is not supported; build it with gather");
            case "enter" -> refuseInLoop(op);
            case "depthwise_conv2d", "deconv2d", "conv1d", "conv3dnew", "sconv2d" ->
                refuse(op, 1, op.getOp().opName() + " is not supported; of convolutions conv2d alone is");
            default -> {
                // The others compute with no weight that an adapter can be applied to.
            }
        }
    }

    private void matmul(SameDiffOp op) {
        long[] arguments = ((DynamicCustomOp) op.getOp()).iArgs();
        boolean left = arguments.length > 0 && arguments[0] == 1;
        boolean right = arguments.length > 1 && arguments[1] == 1;
        boolean isOnTheRight = isFrozen(op, 1);
        int input = isOnTheRight ? 1 : 0;
        if (isOnTheRight == isFrozen(op, 0)) {
            return; // A product of two activations, or of two constants.
        }
        if (arguments.length > 2 && arguments[2] == 1) {
            refuse(op, input, "matmul transposes its result; use mmul without and transpose it after");
        } else if (array(op, input).rank() != 2) {
            refuse(
                    op,
                    input,
                    "the weight of matmul must have 2 dimensions, found "
                            + array(op, input).rank());
        } else if (hasOtherRank(op, 1 - input)) {
            refuse(
                    op,
                    input,
                    "ND4J multiplies arrays of equal numbers of dimensions, found "
                            + ranks.of(op.getInputsToOp().get(1 - input))
                            + " and 2; reshape the input to rows [-1, in] before the product, and back after it");
        } else if (isOnTheRight) {
            Layout layout = right ? Layout.SAME : Layout.TRANSPOSED;
            add(op, new RowsProduct(op.getName(), layout, left, addedBias(op, right)));
        } else {
            add(op, new ColumnsProduct(op.getName(), left ? Layout.TRANSPOSED : Layout.SAME, right));
        }
    }

    private boolean hasOtherRank(SameDiffOp op, int input) {
        int rank = ranks.of(op.getInputsToOp().get(input));
        return rank != Ranks.UNKNOWN && rank != 2;
    }

    private void xwPlusB(SameDiffOp op) {
        if (isFrozen(op, 1)) {
            add(op, new RowsProduct(op.getName(), Layout.TRANSPOSED, false, inputBias(op)));
        }
    }

    private void gather(SameDiffOp op) {
        if (!isFrozen(op, 0) || array(op, 0).rank() != 2) {
            return;
        }
        long[] arguments = ((DynamicCustomOp) op.getOp()).iArgs();
        if (op.getInputsToOp().size() != 2 || arguments.length != 1 || arguments[0] != 0) {
            refuse(op, 0, "gather must have its indices as a variable and the axis 0");
        } else {
            add(op, new Lookup(op.getName()));
        }
    }

    private void conv2d(SameDiffOp op) {
        if (isFrozen(op, 1)) {
            long[] arguments = ((DynamicCustomOp) op.getOp()).iArgs();
            add(op, new Convolution(op.getName(), Convolution.Settings.of(arguments), inputBias(op)));
        }
    }

    private void add(SameDiffOp op, WeightUse use) {
        String variable = op.getInputsToOp().get(use.weightInput());
        DataType type = array(op, use.weightInput()).dataType();
        if (type == DataType.FLOAT || type == DataType.DOUBLE) {
            uses.computeIfAbsent(variable, key -> new ArrayList<>()).add(use);
        } else {
            refuse(op, use.weightInput(), "the weight must be FLOAT or DOUBLE, found " + type);
        }
    }

    private void refuse(SameDiffOp op, int input, String problem) {
        if (isFrozen(op, input)) {
            problems.putIfAbsent(op.getInputsToOp().get(input), Graphs.label(op) + ": " + problem);
        }
    }

    private void refuseInLoop(SameDiffOp op) {
        if (isFrozen(op, 0) && array(op, 0).rank() > 1) {
            refuse(op, 0, "a whileLoop computes with the weight; build its steps one after the other");
        }
    }

    /** The third input of an operation, if it is a bias. */
    private WeightUse.@Nullable BiasUse inputBias(SameDiffOp op) {
        return op.getInputsToOp().size() > 2 && isFrozen(op, 2)
                ? new WeightUse.BiasUse(op.getName(), 2, op.getInputsToOp().get(2))
                : null;
    }

    /** The bias that the only consumer of a product adds to it. */
    private WeightUse.@Nullable BiasUse addedBias(SameDiffOp product, boolean isTransposed) {
        String output = product.getOutputsOfOp().get(0);
        List<String> consumers = Graphs.consumers(graph, output);
        if (consumers.size() != 1) {
            return null;
        }
        SameDiffOp sum = Graphs.op(graph, consumers.get(0));
        if (!sum.getOp().opName().equals("add") && !sum.getOp().opName().equals("biasadd")) {
            return null;
        }
        int input = sum.getInputsToOp().get(0).equals(output) ? 1 : 0;
        INDArray weight = array(product, 1);
        return isFrozen(sum, input) && isVector(array(sum, input), weight.size(isTransposed ? 0 : 1))
                ? new WeightUse.BiasUse(
                        sum.getName(), input, sum.getInputsToOp().get(input))
                : null;
    }

    private static boolean isVector(INDArray array, long length) {
        return array.rank() > 0 && array.length() == length && array.size(array.rank() - 1) == length;
    }

    private boolean isFrozen(SameDiffOp op, int input) {
        if (op.getInputsToOp().size() <= input) {
            return false;
        }
        SDVariable variable = graph.getVariable(op.getInputsToOp().get(input));
        VariableType type = variable.getVariableType();
        return (type == VariableType.CONSTANT || type == VariableType.VARIABLE)
                && variable.dataType().isFPType()
                && variable.getArr() != null;
    }

    private INDArray array(SameDiffOp op, int input) {
        return Objects.requireNonNull(
                graph.getVariable(op.getInputsToOp().get(input)).getArr());
    }
}
