package org.lora4j.nn;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Any of ND4J's activation functions; they work in place and want the input again for the gradient. */
final class ActivationPass implements LayerPass {
    private final IActivation function;
    private final boolean training;
    private final BatchBuffer outputs;
    private final BatchBuffer inputs;
    private final BatchBuffer gradients;
    private @Nullable INDArray input;

    ActivationPass(IActivation function, DataType dataType, long size, boolean training) {
        this.function = function;
        this.training = training;
        outputs = new BatchBuffer(dataType, size);
        inputs = new BatchBuffer(dataType, size);
        gradients = new BatchBuffer(dataType, size);
    }

    @Override
    public boolean trains() {
        return false;
    }

    @Override
    public INDArray forward(INDArray x) {
        input = x;
        INDArray y = outputs.rows(x.size(0));
        y.assign(x);
        INDArray result = function.getActivation(y, training);
        return result == y ? y : y.assign(result);
    }

    @Override
    public void backward(INDArray yGradient) {}

    @Override
    public INDArray inputGradient(INDArray yGradient) {
        if (input == null) {
            throw new IllegalStateException("inputGradient needs a forward before it");
        }
        // Some of the functions write their result over either argument, so they get copies.
        INDArray z = inputs.rows(yGradient.size(0)).assign(input);
        INDArray epsilon = gradients.rows(yGradient.size(0)).assign(yGradient);
        return function.backprop(z, epsilon).getFirst();
    }
}
