package org.lora4j.samediff;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * A product whose rows are examples, {@code y = x·W}: {@code matmul} with the weight on the right, or {@code xw_plus_b}.
 *
 * @param op the name of the operation
 * @param layout SAME if the operation transposes the weight, else TRANSPOSED
 * @param transposesInput whether the operation transposes x
 * @param bias where the bias is added, or null
 */
record RowsProduct(
        String op,
        Layout layout,
        boolean transposesInput,
        @Nullable BiasUse bias) implements WeightUse {
    @Override
    public int weightInput() {
        return 1;
    }

    @Override
    public LayerKind kind() {
        return LayerKind.LINEAR;
    }

    @Override
    public SDVariable update(SameDiff graph, SDVariable base, Factors factors, double scale) {
        SDVariable down = graph.mmul(input(graph, 0), factors.a(), transposesInput, true, false);
        SDVariable up = graph.mmul(down.mul(scale), factors.b(), false, true, false);
        return factors.bBias() == null ? up : up.add(factors.bBias().mul(scale));
    }
}
