package org.lora4j.nn.compute.internal;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.batch.internal.Scratch;
import org.lora4j.nn.batch.internal.Segments;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of a layer in one {@link Pass}, with its buffers and gradients. {@link PassBuilder} creates it. */
interface LayerPass {
    /** How long the input of a layer is needed, from the shortest time to the longest. */
    enum InputUse {
        /** In {@link #forward} only. */
        FORWARD,
        /** {@link #backward} reads it again, but others may use its memory between the two. */
        BACKWARD,
        /** It must stay as it is until the next {@link #forward}. */
        KEPT;

        /** The longer of two times. */
        InputUse and(InputUse other) {
            return compareTo(other) < 0 ? other : this;
        }
    }

    /** Binds the layer to the segments of the batch of a training that comes next. */
    default void bind(Segments batch) {}

    /** Whether a segment that the layer is bound to trains a parameter of it. */
    default boolean trains() {
        return false;
    }

    /** How long the layer needs its input. In a training the layer is bound before it is asked. */
    default InputUse inputUse() {
        return InputUse.KEPT;
    }

    /**
     * Computes the output.
     *
     * @param batch what the rows belong to
     * @param x {@code [n, in]}
     * @return {@code [n, out]}, which stays valid until the next call
     */
    INDArray forward(Segments batch, INDArray x);

    /**
     * Computes the gradients of the parameters, and that of the input if it is wanted.
     *
     * @param batch that of {@link #forward}
     * @param yGradient {@code ∂L/∂y [n, out]}; not written to
     * @return {@code ∂L/∂x [n, in]}, which may be lent by {@link Scratch}; null if it is not wanted
     */
    @Nullable
    INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput);

    /** The path of the first layer within this one whose last output holds NaN or an infinity in the rows of a segment. */
    default Optional<String> firstNonFinite(Segments batch, int segment) {
        return Optional.empty();
    }
}
