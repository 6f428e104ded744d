package org.lora4j.adapter;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A layer of a {@link BaseModel}, as adapters see it: a path, a kind and the original arrays.
 *
 * <p>A host that stores the weight of a dense layer as {@code [in, out]} returns the transposed view.
 */
public interface BaseLayer {
    /**
     * Returns the name by which configurations, files and adapters know the layer.
     *
     * @return the module path, such as {@code encoder.layer.0.attention.self.query}
     */
    String path();

    /**
     * Returns what the layer computes, which decides the shapes of an adapter's factors.
     *
     * @return the kind; a dense layer unless overridden
     */
    default LayerKind kind() {
        return LayerKind.LINEAR;
    }

    /**
     * Returns the original weight, without the update of any adapter.
     *
     * @return {@code W}, in any memory order: {@code [out, in]} of a dense layer, {@code [vocab, dim]} of an embedding,
     *     {@code [out, in, k]} of a 1-D and {@code [out, in, kh, kw]} of a 2-D convolution. Do not write to it
     */
    INDArray weight();

    /**
     * Returns the original bias.
     *
     * @return {@code b [out]}, or null if the layer has none. Do not write to it
     */
    @Nullable
    INDArray bias();

    /**
     * Returns the shape of the weight.
     *
     * @return the dimensions of {@link #weight}
     */
    default long[] shape() {
        return weight().shape();
    }

    /**
     * Returns the type of the weight and the bias.
     *
     * @return FLOAT or DOUBLE
     */
    default DataType dataType() {
        return weight().dataType();
    }

    /**
     * Returns the input width of the layer as a matrix.
     *
     * @return {@code in} of a dense layer, {@code vocab} of an embedding, {@code in·kh·kw} of a convolution
     */
    default long inputSize() {
        return kind().inputSize(shape());
    }

    /**
     * Returns the output width of the layer.
     *
     * @return {@code out} of a dense layer and a convolution, {@code dim} of an embedding
     */
    default long outputSize() {
        return kind().outputSize(shape());
    }
}
