package org.lora4j.samediff;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * A product whose columns are examples, {@code y = W·x}: {@code matmul} with the weight on the left.
 *
 * @param op the name of the operation
 * @param layout TRANSPOSED if the operation transposes the weight, else SAME
 * @param transposesInput whether the operation transposes x
 */
record ColumnsProduct(String op, Layout layout, boolean transposesInput) implements WeightUse {
    @Override
    public int weightInput() {
        return 0;
    }

    @Override
    public LayerKind kind() {
        return LayerKind.LINEAR;
    }

    @Override
    public @Nullable BiasUse bias() {
        return null;
    }

    @Override
    public SDVariable update(SameDiff graph, SDVariable base, Factors factors, double scale) {
        SDVariable down = graph.mmul(factors.a(), input(graph, 1), false, transposesInput, false);
        SDVariable up = graph.mmul(factors.b(), down.mul(scale));
        return factors.bBias() == null
                ? up
                : up.add(graph.reshape(factors.bBias(), -1, 1).mul(scale));
    }
}
