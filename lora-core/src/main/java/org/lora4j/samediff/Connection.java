package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.autodiff.samediff.internal.SameDiffOp;
import org.nd4j.autodiff.samediff.internal.Variable;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * The operations and variables by which a graph computes with adapters, and how to undo them.
 *
 * <p>Behind an operation with a weight, {@code y = op(x, W)} becomes {@code base = op(x, W)} and {@code y = base − (−s)·…}.
 * The variable y stays the one that all others refer to: consumers, losses and requests of outputs see the adapted value.
 *
 * <p>All is recorded by names, so what was done to a graph can be undone on a copy of it.
 */
final class Connection {
    /** An operation that has another name now, because the sum has its name and its output. */
    private record Moved(String op, String base, String output) {}

    /** An input of an operation that has another variable now. */
    private record Replaced(String op, int input, String original) {}

    private final List<Moved> moved = new ArrayList<>();
    private final List<Replaced> replaced = new ArrayList<>();
    private final boolean trains;
    private final List<String> opsBefore;
    private final Set<String> newOps;
    private final Set<String> newVariables;
    private final Map<String, @Nullable List<String>> consumersBefore = new HashMap<>();

    private Connection(SameDiff graph, List<GraphLayer> layers, List<GraphAdapter> adapters, boolean trains) {
        this.trains = trains;
        opsBefore = List.copyOf(graph.getOps().keySet());
        Set<String> variablesBefore = new LinkedHashSet<>(graph.getVariables().keySet());
        for (Variable variable : graph.getVariables().values()) {
            List<String> consumers = variable.getInputsForOp();
            consumersBefore.put(variable.getName(), consumers == null ? null : List.copyOf(consumers));
        }
        for (GraphAdapter adapter : adapters) {
            adapter.trainable().forEach(graph::constant);
            adapter.subtracted().forEach(graph::constant);
        }
        for (GraphLayer layer : layers) {
            for (WeightUse use : layer.uses()) {
                replace(graph, layer, use, adapters);
                adapt(graph, layer, use, adapters);
            }
        }
        newOps = new LinkedHashSet<>(graph.getOps().keySet());
        opsBefore.forEach(newOps::remove);
        newVariables = new LinkedHashSet<>(graph.getVariables().keySet());
        newVariables.removeAll(variablesBefore);
        refresh(graph);
    }

    /**
     * Makes a graph compute with adapters.
     *
     * @param graph a graph that computes with none
     * @param layers its layers
     * @param adapters the adapters, whose updates add up; all of their arrays become constants
     * @param trains whether the gradients of their factors are computed
     */
    static Connection connect(SameDiff graph, List<GraphLayer> layers, List<GraphAdapter> adapters, boolean trains) {
        return new Connection(graph, layers, adapters, trains);
    }

    private void replace(SameDiff graph, GraphLayer layer, WeightUse use, List<GraphAdapter> adapters) {
        WeightUse.BiasUse bias = use.bias();
        for (GraphAdapter adapter : adapters) {
            if (adapter.replacesWeight(layer) && !isRetrained(use, adapter, layer)) {
                replace(graph, use.op(), use.weightInput(), adapter.variable(layer, "weight"));
            }
            if (bias != null && adapter.replacesBias(layer)) {
                replace(graph, bias.op(), bias.input(), adapter.variable(layer, "bias"));
            }
        }
    }

    private void replace(SameDiff graph, String op, int input, String variable) {
        SameDiffOp target = Graphs.op(graph, op);
        replaced.add(new Replaced(op, input, target.getInputsToOp().get(input)));
        graph.replaceArgFor(input, graph.getVariable(variable), target.getOp());
    }

    private void adapt(SameDiff graph, GraphLayer layer, WeightUse use, List<GraphAdapter> adapters) {
        if (adapters.stream()
                .noneMatch(adapter -> adapter.factors(layer) != null || isRetrained(use, adapter, layer))) {
            return;
        }
        String op = use.op();
        SDVariable output =
                graph.getVariable(Graphs.op(graph, op).getOutputsOfOp().get(0));
        String name = GraphAdapter.PREFIX + op + "/base";
        SDVariable base = graph.var(name, VariableType.ARRAY, null, output.dataType(), (long[]) null);
        SDVariable sum = base;
        for (GraphAdapter adapter : adapters) {
            if (use instanceof Lookup lookup && isRetrained(use, adapter, layer)) {
                sum = lookup.retrained(graph, base, graph.getVariable(adapter.variable(layer, "weight")));
            }
        }
        for (GraphAdapter adapter : adapters) {
            if (adapter.factors(layer) != null) {
                sum = sum.sub(negativeUpdate(graph, layer, use, base, adapter));
            }
        }
        String sumOp = Graphs.variable(graph, sum.name()).getOutputOfOp();
        graph.getVariables().remove(sum.name());
        rename(graph, op, name, base);
        rename(graph, sumOp, op, output);
        moved.add(new Moved(op, name, output.name()));
    }

    /** Whether other operations compute with a copy of the weight that trains: the gradient of gather is wrong. */
    private boolean isRetrained(WeightUse use, GraphAdapter adapter, GraphLayer layer) {
        return trains && use instanceof Lookup && adapter.replacesWeight(layer);
    }

    /**
     * Gives an operation another name and output. An operation must have the name of its first output, or a loaded graph
     * takes another variable for it.
     */
    private static void rename(SameDiff graph, String from, String to, SDVariable output) {
        SameDiffOp op = Graphs.op(graph, from);
        for (String input : op.getInputsToOp()) {
            List<String> consumers = Graphs.variable(graph, input).getInputsForOp();
            if (consumers != null) {
                consumers.replaceAll(consumer -> consumer.equals(from) ? to : consumer);
            }
        }
        graph.getOps().remove(from);
        op.setName(to);
        op.getOp().setOwnName(to);
        ((DynamicCustomOp) op.getOp()).setOutputVariables(new SDVariable[] {output});
        op.setOutputsOfOp(List.of(output.name()));
        Graphs.variable(graph, output.name()).setOutputOfOp(to);
        graph.getOps().put(to, op);
    }

    /**
     * The update times −1, which is then subtracted: if it is zero, −0 stays −0, and the output has the bits of the base.
     */
    private SDVariable negativeUpdate(
            SameDiff graph, GraphLayer layer, WeightUse use, SDVariable base, GraphAdapter adapter) {
        double scale = -adapter.config().scaleOf(layer.path());
        GraphAdapter.Factors factors = Objects.requireNonNull(adapter.factors(layer));
        SDVariable bBias = factors.bBias() == null ? null : graph.getVariable(adapter.variable(layer, "lora_B.bias"));
        SDVariable update = use.update(
                graph,
                base,
                new WeightUse.Factors(
                        graph.getVariable(adapter.variable(layer, "lora_A")),
                        graph.getVariable(adapter.variable(layer, "lora_B")),
                        bBias,
                        trains),
                scale);
        if (factors.a0() == null) {
            return update;
        }
        return update.sub(use.update(
                graph,
                base,
                new WeightUse.Factors(
                        graph.getVariable(adapter.variable(layer, "lora_A0")),
                        graph.getVariable(adapter.variable(layer, "lora_B0")),
                        null,
                        false),
                scale));
    }

    /** Undoes everything on the graph, or on a copy of it. */
    void undo(SameDiff graph) {
        for (Moved one : moved) {
            graph.getOps().remove(one.op);
            rename(graph, one.base, one.op, graph.getVariable(one.output));
        }
        for (Replaced one : replaced) {
            SameDiffOp op = Graphs.op(graph, one.op);
            graph.replaceArgFor(one.input, graph.getVariable(one.original), op.getOp());
        }
        newOps.forEach(graph.getOps()::remove);
        restoreOrder(graph);
        for (String variable : newVariables) {
            graph.getVariables().remove(variable);
            graph.getConstantArrays().removeArray(variable);
            graph.getVariablesArrays().removeArray(variable);
            if (graph.getUpdaterMap() != null) {
                graph.getUpdaterMap().remove(variable);
            }
        }
        graph.getVariables().values().forEach(this::restoreConsumers);
        refresh(graph);
    }

    private void restoreOrder(SameDiff graph) {
        Map<String, SameDiffOp> ops = new LinkedHashMap<>();
        opsBefore.forEach(op -> ops.put(op, Graphs.op(graph, op)));
        graph.getOps().forEach(ops::putIfAbsent);
        graph.getOps().clear();
        graph.getOps().putAll(ops);
    }

    /** The consumers of before in their order, and those that were added since. */
    private void restoreConsumers(Variable variable) {
        List<String> before = consumersBefore.get(variable.getName());
        List<String> restored = new ArrayList<>(before == null ? List.of() : before);
        if (variable.getInputsForOp() != null) {
            for (String op : variable.getInputsForOp()) {
                if (!newOps.contains(op) && !restored.contains(op)) {
                    restored.add(op);
                }
            }
        }
        variable.setInputsForOp(before == null && restored.isEmpty() ? null : restored);
    }

    /** Drops what the graph has computed from its old form: sessions and the function of the gradients. */
    private static void refresh(SameDiff graph) {
        graph.getSessions().clear();
        graph.setLossVariables(graph.getLossVariables().toArray(new String[0]));
    }
}
