package org.lora4j.samediff;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.ScalarOp;
import org.nd4j.linalg.api.ops.TransformOp;

/** The numbers of dimensions of variables, as far as they are known without running the graph. */
final class Ranks {
    /** Not known. */
    static final int UNKNOWN = -1;

    /** Operations whose output has as many dimensions as their first input. */
    private static final Set<String> LIKE_FIRST = Set.of(
            "biasadd",
            "cast",
            "dropout",
            "dropout_inverted",
            "elu",
            "gelu",
            "identity",
            "layer_norm",
            "leakyrelu",
            "log_softmax",
            "permute",
            "prelu",
            "relu",
            "relu6",
            "sigmoid",
            "softmax",
            "tanh",
            "transpose");

    private static final Set<String> BROADCAST =
            Set.of("add", "subtract", "multiply", "divide", "realdiv", "maximum", "minimum", "squaredsubtract");

    private final SameDiff graph;
    private final Map<String, Integer> ranks = new HashMap<>();

    Ranks(SameDiff graph) {
        this.graph = graph;
        int known;
        do { // Operations are in the order in which they were added, which need not be that of the computation.
            known = ranks.size();
            for (SameDiffOp op : graph.getOps().values()) {
                int rank = ofOutput(op);
                if (rank != UNKNOWN) {
                    op.getOutputsOfOp().forEach(output -> ranks.put(output, rank));
                }
            }
        } while (ranks.size() > known);
    }

    /** The number of dimensions of a variable, or {@link #UNKNOWN}. */
    int of(String name) {
        SDVariable variable = graph.getVariable(name);
        if (variable.getVariableType() == VariableType.ARRAY) {
            return ranks.getOrDefault(name, UNKNOWN);
        }
        if (variable.isPlaceHolder()) {
            long[] shape = variable.placeholderShape();
            return shape == null ? UNKNOWN : shape.length;
        }
        INDArray array = variable.getArr();
        return array == null ? UNKNOWN : array.rank();
    }

    private int ofOutput(SameDiffOp op) {
        List<String> inputs = op.getInputsToOp();
        if (inputs == null || inputs.isEmpty()) {
            return UNKNOWN;
        }
        int first = of(inputs.get(0));
        String kind = op.getOp().opName();
        return switch (kind) {
            case "xw_plus_b", "relu_layer" -> 2;
            case "matmul" -> first;
            case "conv2d", "maxpool2d", "avgpool2d" -> 4;
            case "reshape" -> ofReshape(op, inputs);
            case "gather" -> ofGather(first, of(inputs.get(1)));
            default -> isLikeFirst(op, kind) ? first : BROADCAST.contains(kind) ? broadcast(inputs) : UNKNOWN;
        };
    }

    private static boolean isLikeFirst(SameDiffOp op, String kind) {
        return LIKE_FIRST.contains(kind) || op.getOp() instanceof TransformOp || op.getOp() instanceof ScalarOp;
    }

    private int ofReshape(SameDiffOp op, List<String> inputs) {
        if (inputs.size() > 1) {
            INDArray shape = graph.getVariable(inputs.get(1)).isConstant()
                    ? graph.getVariable(inputs.get(1)).getArr()
                    : null;
            return shape == null ? UNKNOWN : (int) shape.length();
        }
        // The first argument is the memory order.
        return op.getOp() instanceof DynamicCustomOp reshape ? reshape.iArgs().length - 1 : UNKNOWN;
    }

    private static int ofGather(int table, int indices) {
        return table == UNKNOWN || indices == UNKNOWN ? UNKNOWN : table + indices - 1;
    }

    private int broadcast(List<String> inputs) {
        int largest = 0;
        for (String input : inputs) {
            int rank = of(input);
            if (rank == UNKNOWN) {
                return UNKNOWN;
            }
            largest = Math.max(largest, rank);
        }
        return largest;
    }
}
