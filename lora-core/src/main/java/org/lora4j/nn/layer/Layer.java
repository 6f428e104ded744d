package org.lora4j.nn.layer;

import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A layer of a {@link org.lora4j.nn.Network}. Layers hold parameters and nothing that changes between calls, so that threads can
 * share them.
 */
public sealed interface Layer
        permits WeightedLayer,
                Activation,
                Gelu,
                Scale,
                Softcap,
                Dropout,
                TokenEmbeddings,
                SelfAttention,
                GatedFeedForward,
                Residual,
                Pooling,
                Truncate,
                Normalize {
    /**
     * Returns the name by which files and adapters know the layer.
     *
     * @return the module path, such as {@code linear1}
     */
    String path();

    /**
     * Returns the layers that this one is made of.
     *
     * @return in the order of the model; empty for most layers
     */
    default List<Layer> children() {
        return List.of();
    }

    /**
     * Returns the width of the output for a width of the input.
     *
     * @param inputSize the number of values in a row of the input
     * @return the number of values in a row of the output
     * @throws IllegalArgumentException if the layer takes another width; the message names it
     */
    default long outputSize(long inputSize) {
        return inputSize;
    }

    /**
     * Returns what the rows of the output stand for.
     *
     * @param inputRows what the rows of the input stand for
     * @return the same for most layers
     * @throws IllegalArgumentException if the layer cannot compute such rows, or no rows at all as a layer of its own; the
     *     message names it
     */
    default RowKind outputRows(RowKind inputRows) {
        return inputRows;
    }

    /**
     * Copies the layer with other weights; not part of the API.
     *
     * @param weights gives the replacement of each layer with weights
     * @return the copy, or the layer itself if it has no weights
     * @hidden
     */
    default Layer with(UnaryOperator<WeightedLayer> weights) {
        return this;
    }

    /** What a row of a batch stands for between two layers. */
    enum RowKind {
        /** An example: rows of features, or one row for each sequence after a {@link Pooling}. */
        EXAMPLE,
        /** A token of a sequence. */
        TOKEN
    }
}
