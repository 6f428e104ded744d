package org.lora4j.nn.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.RowMath;
import org.lora4j.nn.layer.Activation;
import org.lora4j.nn.layer.CausalSelfAttention;
import org.lora4j.nn.layer.Dropout;
import org.lora4j.nn.layer.Gelu;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.LayerNorm;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.nn.layer.Pooling;
import org.lora4j.nn.layer.RMSNorm;
import org.lora4j.nn.layer.Residual;
import org.lora4j.nn.layer.SelfAttention;
import org.lora4j.nn.layer.SwiGLU;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of a layer in one {@link Pass}, with its buffers and gradients. */
interface LayerPass {
    /**
     * Creates the computation of a layer.
     *
     * @param inputSize the width of its input
     * @param inputIsBuffer whether the input may be overwritten
     */
    static LayerPass of(Layer layer, long inputSize, boolean inputIsBuffer, PassResources resources) {
        RowMath<?> math = RowMath.of(resources.dataType());
        if (layer instanceof Linear linear) {
            return new LinearPass(linear, resources);
        } else if (layer instanceof Activation activation) {
            return ofActivation(
                    activation.function(),
                    resources.dataType(),
                    inputSize,
                    resources.order(),
                    inputIsBuffer,
                    resources.isTraining());
        } else if (layer instanceof Gelu gelu) {
            return new GeluPass<>(gelu, inputSize, inputIsBuffer, math, resources);
        } else if (layer instanceof Dropout dropout) {
            return new DropoutPass(dropout, inputSize, inputIsBuffer, resources);
        } else if (layer instanceof SelfAttention attention) {
            return new SelfAttentionPass<>(attention, math, resources);
        } else if (layer instanceof CausalSelfAttention attention) {
            return new CausalSelfAttentionPass<>(attention, math, resources);
        } else if (layer instanceof SwiGLU gated) {
            return new SwiGLUPass<>(gated, math, resources);
        } else if (layer instanceof Residual residual) {
            return new ResidualPass(residual, inputSize, resources);
        } else if (layer instanceof LayerNorm norm) {
            return NormPass.of(norm, inputIsBuffer, math, resources);
        } else if (layer instanceof RMSNorm norm) {
            return NormPass.of(norm, inputIsBuffer, math, resources);
        } else if (layer instanceof Pooling pooling) {
            return new PoolingPass<>(pooling, inputSize, math, resources);
        } else if (layer instanceof Normalize) {
            return new NormalizePass<>(inputSize, math, resources);
        }
        throw new IllegalArgumentException(layer.path() + ": cannot follow another layer, found " + layer);
    }

    /**
     * Creates the computation of an activation function.
     *
     * @param order the memory order of the batches that it computes
     * @param inputIsBuffer whether the input may be overwritten with the output
     */
    static LayerPass ofActivation(
            IActivation function, DataType dataType, long size, char order, boolean inputIsBuffer, boolean training) {
        boolean plainRelu = function.equals(new ActivationReLU());
        return plainRelu
                ? new ReluPass(dataType, size, order, inputIsBuffer)
                : new ActivationPass(function, dataType, size, order, training);
    }

    /** Binds the layer to the segments of the batch that comes next. */
    default void bind() {}

    /** Whether a segment of the batch trains a parameter of the layer. */
    default boolean trains() {
        return false;
    }

    /** Whether {@link #backward} reads the last output again, so that nothing may be written in its place. */
    default boolean readsOutput() {
        return false;
    }

    /** Whether {@link #backward} reads the last input again. The layer is bound to its batch before it is asked. */
    default boolean readsInput() {
        return true;
    }

    /**
     * Whether the last input must stay as it is until the next {@link #forward}. If not, the computation before this one may
     * write it again, to the same array, before {@link #backward}.
     */
    default boolean keepsInput() {
        return true;
    }

    /** Writes the last output again if other layers have used its memory since. */
    default void restoreOutput() {}

    /** Tells which computation reads the output of this one. */
    default void followedBy(LayerPass next) {}

    /** The normalization that reads the input first, or null if another layer does. */
    default @Nullable NormPass<?> leadingNorm() {
        return null;
    }

    /** Computes the output of {@code x [n, in]}; it stays valid until the next call. */
    INDArray forward(INDArray x);

    /**
     * Computes the gradients of the parameters, and that of the input if it is wanted.
     *
     * @param yGradient {@code ∂L/∂y [n, out]}; not written to
     * @return {@code ∂L/∂x [n, in]}, which may be lent by {@link Scratch}; null if it is not wanted
     */
    @Nullable
    INDArray backward(INDArray yGradient, boolean wantsInput);

    /** The path of the first layer within this one whose last output holds NaN or an infinity in the rows of a segment. */
    default Optional<String> firstNonFinite(int segment) {
        return Optional.empty();
    }
}
