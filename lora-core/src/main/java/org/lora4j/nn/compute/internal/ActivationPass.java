package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.batch.internal.Segments;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationELU;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.transforms.gradient.EluBp;
import org.nd4j.linalg.factory.Nd4j;

/** An activation function of ND4J. It works in place and needs the input again for the gradient. */
final class ActivationPass implements LayerPass {
    private final IActivation function;
    private final boolean training;
    private final BatchBuffer outputs;
    private final BatchBuffer inputs;
    private final BatchBuffer gradients;
    private @Nullable INDArray input;

    ActivationPass(IActivation function, long size, PassResources resources) {
        this.function = function;
        training = resources.isTraining();
        outputs = new BatchBuffer(resources.dataType(), size, resources.order());
        inputs = new BatchBuffer(resources.dataType(), size, resources.order());
        gradients = new BatchBuffer(resources.dataType(), size, resources.order());
    }

    @Override
    public INDArray forward(Segments batch, INDArray x) {
        input = x;
        INDArray y = outputs.rows(x.size(0));
        y.assign(x);
        INDArray result = function.getActivation(y, training);
        return result == y ? y : y.assign(result);
    }

    @Override
    public @Nullable INDArray backward(Segments batch, INDArray yGradient, boolean wantsInput) {
        return wantsInput ? inputGradient(yGradient) : null;
    }

    private INDArray inputGradient(INDArray yGradient) {
        if (input == null) {
            throw new IllegalStateException("backward needs a forward before it");
        }
        // Some functions overwrite one of their arguments, so they get copies.
        INDArray z = inputs.rows(yGradient.size(0)).assign(input);
        INDArray epsilon = gradients.rows(yGradient.size(0)).assign(yGradient);
        if (function.getClass() == ActivationELU.class) {
            // ND4J's own backprop ignores alpha.
            return Nd4j.exec(new EluBp(z, epsilon, z, ((ActivationELU) function).getAlpha()))[0];
        }
        return function.backprop(z, epsilon).getFirst();
    }
}
