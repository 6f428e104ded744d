package org.lora4j.samediff;

import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;

/**
 * A look-up of rows in a table {@code [vocab, dim]}: {@code gather} along the first dimension.
 *
 * @param op the name of the operation
 */
record Lookup(String op) implements WeightUse {
    @Override
    public int weightInput() {
        return 0;
    }

    @Override
    public LayerKind kind() {
        return LayerKind.EMBEDDING;
    }

    @Override
    public Layout layout() {
        return Layout.SAME;
    }

    @Override
    public @Nullable BiasUse bias() {
        return null;
    }

    @Override
    public SDVariable update(SameDiff graph, SDVariable base, Factors factors, double scale) {
        SDVariable ids = graph.reshape(input(graph, 1), -1);
        SDVariable rows = factors.train() ? selected(graph, ids, factors.a()) : graph.gather(factors.a(), ids, 0);
        SDVariable up = graph.mmul(rows.mul(scale), factors.b(), false, true, false);
        return graph.reshape(up, graph.shape(base));
    }

    /**
     * Adds operations that look up in a copy of the table that trains.
     *
     * @param base the output of the operation, whose shape the result has
     * @param weight the copy
     */
    SDVariable retrained(SameDiff graph, SDVariable base, SDVariable weight) {
        SDVariable ids = graph.reshape(input(graph, 1), -1);
        return graph.reshape(selected(graph, ids, weight), graph.shape(base));
    }

    /** The same as a product with ones and zeros: the gradient of gather is wrong where an index repeats. */
    private static SDVariable selected(SameDiff graph, SDVariable ids, SDVariable a) {
        int vocabulary = Math.toIntExact(a.getArr().size(0));
        return graph.mmul(graph.oneHot(ids, vocabulary, -1, 1, 0, a.dataType()), a);
    }
}
