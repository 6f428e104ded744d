package org.lora4j.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * A residual connection with layer normalization after it, {@code y = norm(x + f(x))}, where f is a chain of layers: the two
 * halves of a layer of BERT.
 */
public final class Residual implements Layer {
    private final String path;
    private final List<Layer> layers;
    private final LayerNorm norm;

    /**
     * Creates a layer.
     *
     * @param path the module path
     * @param layers the layers of f, at least one
     * @param norm the normalization of the sum
     * @throws IllegalArgumentException if there is no layer
     */
    public Residual(String path, List<? extends Layer> layers, LayerNorm norm) {
        this.path = Objects.requireNonNull(path, "path must not be null");
        this.layers = List.copyOf(layers);
        this.norm = Objects.requireNonNull(norm, "norm must not be null");
        if (this.layers.isEmpty()) {
            throw new IllegalArgumentException(path + ": a residual connection needs at least one layer, found none");
        }
    }

    @Override
    public String path() {
        return path;
    }

    /**
     * Returns the layers of f.
     *
     * @return in the order of computation
     */
    public List<Layer> layers() {
        return layers;
    }

    /**
     * Returns the normalization of the sum.
     *
     * @return the layer
     */
    public LayerNorm norm() {
        return norm;
    }

    @Override
    public List<Layer> children() {
        List<Layer> all = new ArrayList<>(layers);
        all.add(norm);
        return all;
    }

    @Override
    public long outputSize(long inputSize) {
        long size = inputSize;
        for (Layer layer : layers) {
            size = layer.outputSize(size);
        }
        if (size != inputSize) {
            throw new IllegalArgumentException(path + ": the layers of a residual connection must give the " + inputSize
                    + " values that they take, found " + size);
        }
        return norm.outputSize(size);
    }

    @Override
    public RowKind outputRows(RowKind inputRows) {
        RowKind rows = inputRows;
        for (Layer layer : layers) {
            rows = layer.outputRows(rows);
        }
        if (rows != inputRows) {
            throw new IllegalArgumentException(
                    path + ": the layers of a residual connection must give a row for each row"
                            + " that they take, found a pooling in " + layers);
        }
        return rows;
    }

    @Override
    public Residual with(UnaryOperator<WeightedLayer> weights) {
        return new Residual(
                path, layers.stream().map(layer -> layer.with(weights)).toList(), (LayerNorm) norm.with(weights));
    }

    @Override
    public String toString() {
        return path + ": Residual" + children();
    }
}
