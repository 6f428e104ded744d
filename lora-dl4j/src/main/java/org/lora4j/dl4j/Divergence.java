package org.lora4j.dl4j;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.train.DivergedException;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Ends a training step in which a gradient or the loss is not finite. DL4J updates the parameters when it has the gradients of
 * all layers and the loss, so no parameter has changed then, and no state of an updater.
 */
final class Divergence {
    private Divergence() {}

    /**
     * Checks the gradients of a layer.
     *
     * @param iteration the iteration, from 1
     */
    static void requireFinite(String layer, @Nullable INDArray gradients, long iteration) {
        if (gradients != null && !ArrayBits.isFinite(gradients)) {
            throw exception(
                    iteration,
                    layer,
                    layer + ": the gradients of the adapter must be finite, found NaN or an infinity at iteration "
                            + iteration);
        }
    }

    /**
     * Checks the loss of a training step.
     *
     * @param iteration the iteration, from 1
     */
    static void requireFinite(double loss, long iteration) {
        if (!Double.isFinite(loss)) {
            throw exception(iteration, "loss", "the loss must be finite, found " + loss + " at iteration " + iteration);
        }
    }

    private static DivergedException exception(long iteration, String place, String message) {
        return new DivergedException(
                iteration,
                place,
                message
                        + "; look for such values in the batch, or lower the learning rate. The parameters and the state"
                        + " of their updater are those before this iteration");
    }
}
