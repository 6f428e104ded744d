package org.lora4j.samediff;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.ModuleSelection;
import org.lora4j.adapter.TargetModules;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says which graphs, and which configurations on them, are not supported. */
final class SupportedGraphs {
    private static final Logger log = LoggerFactory.getLogger(SameDiffLoRA.class);

    /** The operations whose results come into a loop, or from its last step. */
    private static final Set<String> LOOP = Set.of("enter", "next_iteration");

    private SupportedGraphs() {}

    /** Refuses a graph that has adapters, and warns about an operation that computes wrong values. */
    static void requirePlain(SameDiff graph) {
        List<String> left = graph.getVariables().keySet().stream()
                .filter(name -> name.startsWith(GraphAdapter.PREFIX))
                .toList();
        if (!left.isEmpty()) {
            throw new IllegalArgumentException("the graph must have no adapters yet, found variables "
                    + MessageText.list(left) + "; save a graph after activate() without names, and adapters by save");
        }
        List<String> conditions = graph.getOps().values().stream()
                .filter(op -> isEndOfCondition(graph, op))
                .map(Graphs::label)
                .toList();
        if (!conditions.isEmpty()) {
            throw new IllegalArgumentException("the graph must have no ifCond, found " + MessageText.list(conditions)
                    + ": ND4J 1.0.0-M2.1 computes wrong values in it from the second call on; compute both branches and"
                    + " choose with where, or choose between two graphs");
        }
        graph.getOps().values().stream()
                .filter(op -> op.getOp().opName().equals("precise_gelu"))
                .forEach(op -> log.warn(
                        "{}: preciseGelu of ND4J computes wrong values; use 0.5·x·(1 + erf(x/√2))", Graphs.label(op)));
    }

    /** A loop has merges too: of what comes from before it and from its last step, and one of its counter with itself. */
    private static boolean isEndOfCondition(SameDiff graph, SameDiffOp op) {
        return op.getOp().opName().equals("merge")
                && op.getInputsToOp().stream().noneMatch(input -> {
                    String from = Graphs.variable(graph, input).getOutputOfOp();
                    return from != null
                            && (from.equals(op.getName())
                                    || LOOP.contains(
                                            Graphs.op(graph, from).getOp().opName()));
                });
    }

    /** Refuses what ND4J would fail on without a message. */
    static void requireNamesAndValues(Map<String, INDArray> placeholders, String... outputs) {
        for (int i = 0; i < outputs.length; i++) {
            if (outputs[i] == null) {
                throw new NullPointerException("outputs: no name must be null, found null at index " + i);
            }
        }
        placeholders.forEach((name, value) -> {
            if (name == null || value == null) {
                throw new NullPointerException("placeholders: no name and no value must be null, found the value "
                        + (value == null ? "null" : ArrayBits.describe(value)) + " of '" + name + "'");
            }
        });
    }

    /** Refuses a graph without weights that can be adapted, or with weights of several types. */
    static void requireLayers(GraphLayers.Found found) {
        if (found.layers().isEmpty()) {
            throw new IllegalArgumentException(
                    "a graph must have a weight that matmul, xw_plus_b, conv2d or gather computes with, found none"
                            + (found.refused().isEmpty() ? "" : "; refused are " + found.refused()));
        }
        List<DataType> types =
                found.layers().stream().map(GraphLayer::dataType).distinct().toList();
        if (types.size() > 1) {
            throw new IllegalArgumentException("all weights must have one type, found " + types);
        }
    }

    /** Refuses DoRA, whose norms would need a second formula, of operations of the graph. */
    static void requireSupported(String name, LoRAConfig config) {
        if (config.dora()) {
            throw new IllegalArgumentException("adapter '" + name
                    + "': the adapter of a graph must be plain LoRA, found DoRA; convert it by"
                    + " AdapterConversion.toLoRA, or train it on a Network");
        }
    }

    static void requireNoDropout(String name, LoRAConfig config) {
        if (config.dropout() > 0) {
            throw new IllegalArgumentException("adapter '" + name
                    + "': an adapter that trains in a graph must have no dropout, which has no gradient in SameDiff, found "
                    + config.dropout());
        }
    }

    /** All dense layers stand for those that can be adapted; a name or an expression must not lose one silently. */
    static void requireNoRefusedTarget(String name, LoRAConfig config, Map<String, String> refused) {
        refused.forEach((path, reason) -> {
            if (!ModuleSelection.isTarget(path, config) && !ModuleSelection.isSaved(path, config)) {
                return;
            }
            if (config.targetModules() instanceof TargetModules.AllLinear && !ModuleSelection.isSaved(path, config)) {
                log.warn("adapter {}: {} is not adapted: {}", name, path, reason);
                return;
            }
            throw new IllegalArgumentException("adapter '" + name + "': the target '" + path
                    + "' must be a weight that can be adapted, found that " + reason);
        });
    }
}
