package org.lora4j.nn.layer;

import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;

/**
 * A residual connection, {@code y = x + f(x)}, where f is a chain of layers (<a
 * href="https://arxiv.org/abs/1512.03385">arXiv:1512.03385</a>).
 *
 * <p>BERT normalizes after the sum: a {@link LayerNorm} follows this layer. Llama and GPT-2 normalize before f: f begins with
 * an {@link RMSNorm} or a {@link LayerNorm}.
 */
public final class Residual implements Layer {
    private final String path;
    private final List<Layer> layers;

    /**
     * Creates a layer.
     *
     * @param path the module path
     * @param layers the layers of f, at least one
     * @throws IllegalArgumentException if there is no layer
     */
    public Residual(String path, List<? extends Layer> layers) {
        this.path = Objects.requireNonNull(path, "path must not be null");
        this.layers = List.copyOf(layers);
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

    @Override
    public List<Layer> children() {
        return layers;
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
        return size;
    }

    @Override
    public Layer.RowKind outputRows(Layer.RowKind inputRows) {
        Layer.RowKind rows = inputRows;
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
                path, layers.stream().map(layer -> layer.with(weights)).toList());
    }

    @Override
    public String toString() {
        return path + ": Residual" + children();
    }
}
