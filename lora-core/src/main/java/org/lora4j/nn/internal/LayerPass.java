package org.lora4j.nn.internal;

import java.util.List;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of a layer in one {@link Pass}, with its buffers and gradients. */
interface LayerPass {
    /** Computes the output of {@code x [n, in]}; it stays valid until the next call. */
    INDArray forward(INDArray x);

    /** The parameters of the layer that train. */
    List<Parameter> trainable();

    /** Computes the gradients of the parameters from {@code ∂L/∂y [n, out]}, which is not written to. */
    void backward(INDArray yGradient);

    /** Computes {@code ∂L/∂x [n, in]} after {@link #backward}; it stays valid until the next call. */
    INDArray inputGradient(INDArray yGradient);
}
