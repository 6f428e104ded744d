package org.lora4j.nn.internal;

import java.util.List;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The computation of a layer in one {@link Pass}, with its buffers and gradients. */
interface LayerPass {
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

    /** Computes the output of {@code x [n, in]}; it stays valid until the next call. */
    INDArray forward(INDArray x);

    /** The parameters of the layer that train. */
    List<Parameter> trainable();

    /** Computes the gradients of the parameters from {@code ∂L/∂y [n, out]}, which is not written to. */
    void backward(INDArray yGradient);

    /** Computes {@code ∂L/∂x [n, in]} after {@link #backward}; it stays valid until the next call. */
    INDArray inputGradient(INDArray yGradient);
}
