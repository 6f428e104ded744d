package org.lora4j.nn.layer;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LayerKind;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.WeightUpdates;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A table of vectors, {@code yᵢ = W[idᵢ]}, with {@code W [vocab, dim]}: PyTorch's {@code Embedding}.
 *
 * <p>An adapter of it has {@code A [r, vocab]} and {@code B [dim, r]}; its update is {@code yᵢ += s·B·A[:, idᵢ]}.
 */
public final class Embedding implements WeightedLayer {
    /** Stands for no padding token. */
    public static final int NO_PADDING = -1;

    private final String path;
    private final Parameter weight;
    private final int padding;
    private final WeightUpdates updates;

    /**
     * Creates a layer around an array, which is not copied.
     *
     * @param path the module path, such as {@code embeddings.word_embeddings}
     * @param weight {@code W [vocab, dim]}, FLOAT or DOUBLE, contiguous, in 'c' order
     * @param padding the token whose vector has no gradient, PyTorch's {@code padding_idx}; {@link #NO_PADDING} for none
     * @throws IllegalArgumentException if the path is blank, or the shape, type, order or padding does not fit
     */
    public Embedding(String path, INDArray weight, int padding) {
        ParameterArrays.requirePath(path);
        ParameterArrays.requireWeight(path, weight, 2, "a matrix [vocab, dim]");
        if (weight.stride(1) != 1 && weight.size(1) > 1) {
            throw new IllegalArgumentException(path + ".weight: must be in 'c' order; use dup('c')");
        }
        if (padding < NO_PADDING || padding >= weight.size(0)) {
            throw new IllegalArgumentException(path + ": the padding token must be below the vocabulary of "
                    + weight.size(0) + ", or " + NO_PADDING + " for none, found " + padding);
        }
        this.path = path;
        this.weight = new Parameter(path + ".weight", weight, true);
        this.padding = padding;
        updates = new WeightUpdates(path, this.weight, null);
    }

    /**
     * Creates a layer around a parameter; not part of the API.
     *
     * @param path the module path
     * @param weight {@code W [vocab, dim]}
     * @param padding the token whose vector has no gradient, below the vocabulary, or {@link #NO_PADDING}
     * @hidden
     */
    public Embedding(String path, Parameter weight, int padding) {
        this.path = Objects.requireNonNull(path, "path must not be null");
        this.weight = Objects.requireNonNull(weight, "weight must not be null");
        this.padding = padding;
        updates = new WeightUpdates(path, weight, null);
    }

    @Override
    public String path() {
        return path;
    }

    @Override
    public LayerKind kind() {
        return LayerKind.EMBEDDING;
    }

    /**
     * Returns the token whose vector has no gradient.
     *
     * @return the token, or {@link #NO_PADDING}
     */
    public int padding() {
        return padding;
    }

    @Override
    public Layer.RowKind outputRows(Layer.RowKind inputRows) {
        throw new IllegalArgumentException(
                path + ": a table of embeddings must be a part of TokenEmbeddings, found it as a layer of its own");
    }

    @Override
    public Parameter weightParameter() {
        return weight;
    }

    @Override
    public @Nullable Parameter biasParameter() {
        return null;
    }

    @Override
    public long outputSize() {
        return shape()[1];
    }

    @Override
    public Embedding with(INDArray newWeight, @Nullable INDArray bias) {
        Embedding other = new Embedding(path, newWeight, padding);
        other.weight.weight().store(weight.weight().precision());
        return other;
    }

    /**
     * Returns the registry of updates; not part of the API.
     *
     * @hidden
     */
    @Override
    public WeightUpdates updates() {
        return updates;
    }

    @Override
    public String toString() {
        return path + ": Embedding(" + shape()[0] + " × " + shape()[1] + ")";
    }
}
