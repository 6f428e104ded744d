package org.lora4j.samediff;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.BaseLayer;
import org.lora4j.adapter.LayerKind;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A frozen weight of a graph, with the operations that compute with it.
 *
 * @param graph the graph
 * @param path the module path
 * @param variable the name of the weight's variable
 * @param biasVariable the name of the bias's variable, or null
 * @param uses the operations, all of one kind and layout; at least one
 */
record GraphLayer(
        SameDiff graph,
        String path,
        String variable,
        @Nullable String biasVariable,
        List<WeightUse> uses) implements BaseLayer {
    @Override
    public LayerKind kind() {
        return uses.get(0).kind();
    }

    /** How the graph stores the weight. */
    Layout layout() {
        return uses.get(0).layout();
    }

    /** How the graph stores A. */
    Layout layoutOfA() {
        return switch (kind()) {
            case EMBEDDING -> Layout.TRANSPOSED; // A row for each token, as the table has.
            case CONV2D -> layout();
            default -> Layout.SAME;
        };
    }

    /** How the graph stores B. */
    Layout layoutOfB() {
        return kind() == LayerKind.CONV2D ? layout() : Layout.SAME;
    }

    @Override
    public INDArray weight() {
        return layout().fromGraph(array(variable));
    }

    @Override
    public @Nullable INDArray bias() {
        return biasVariable == null ? null : array(biasVariable).reshape(outputSize());
    }

    /** What users call the operations that read the weight in a graph without adapters, and are none of the uses. */
    List<String> otherUses(SameDiff plain) {
        List<String> others = new ArrayList<>(Graphs.consumers(plain, variable));
        uses.forEach(use -> others.remove(use.op()));
        return others.stream().map(op -> Graphs.label(Graphs.op(plain, op))).toList();
    }

    /** The shape of the bias in the graph. */
    long[] biasShape() {
        return array(Objects.requireNonNull(biasVariable)).shape();
    }

    private INDArray array(String name) {
        return Objects.requireNonNull(graph.getVariable(name).getArr(), name);
    }
}
