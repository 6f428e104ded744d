package org.lora4j.update.internal;

import org.lora4j.internal.math.DropoutMask;
import org.lora4j.internal.memory.BatchBuffer;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Dropout of the input of an update in training, {@code drop(x)}. Its {@link DropoutMask} is that of all dropouts. */
final class InputDropout {
    private final PassContext context;
    private final BatchBuffer dropped;
    private final DropoutMask mask = new DropoutMask();

    InputDropout(PassContext context, long columns) {
        this.context = context;
        dropped = context.newBuffer(columns);
    }

    /**
     * Sets the probability and the seed.
     *
     * @return whether there is anything to drop: in training, with a probability above 0
     */
    boolean configure(double probability, long seed) {
        mask.configure(probability, seed);
        return context.isTraining() && probability > 0;
    }

    /** Draws the mask of this step and returns {@code drop(x)}. */
    INDArray apply(INDArray x) {
        INDArray result = dropped.rows(x.size(0));
        mask.draw(context.step(), context::rowNumber);
        mask.apply(x, result);
        return result;
    }

    /** Adds to the gradient of x the gradient of {@code drop(x)} times the mask of this step. */
    void addInputGradient(INDArray gradient, INDArray xGradient) {
        mask.applyToGradient(gradient, xGradient, true);
    }
}
