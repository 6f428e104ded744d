package org.lora4j.samediff;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/** An operation of a graph that computes with a frozen weight. */
interface WeightUse {
    /** The name of the operation. */
    String op();

    /** Which input of the operation is the weight. */
    int weightInput();

    /** How the operation reads the weight. */
    LayerKind kind();

    /** How the variable stores the weight for this operation. */
    Layout layout();

    /** Where the bias is added, or null if there is none. */
    @Nullable
    BiasUse bias();

    /** The input of an operation that is a bias. */
    record BiasUse(String op, int input, String variable) {}

    /**
     * The variables of an update.
     *
     * @param a A in the layout of the graph
     * @param b B in the layout of the graph
     * @param bBias the bias of B, or null
     * @param train whether their gradients are computed
     */
    record Factors(SDVariable a, SDVariable b, @Nullable SDVariable bBias, boolean train) {}

    /**
     * Adds the operations of {@code s·B·A} applied to the input.
     *
     * @param graph the graph, which has an operation of this name
     * @param base the output of the operation, whose shape the update has
     * @param factors A and B
     * @param scale s
     * @return the update of the output
     */
    SDVariable update(SameDiff graph, SDVariable base, Factors factors, double scale);

    /** An input of the operation in a graph. */
    default SDVariable input(SameDiff graph, int index) {
        return graph.getVariable(Graphs.op(graph, op()).getInputsToOp().get(index));
    }
}
