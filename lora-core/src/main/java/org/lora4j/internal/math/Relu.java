package org.lora4j.internal.math;

import org.lora4j.internal.ForModules;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes {@code y = max(x, 0)} and its gradient. Not thread-safe: each pass has its own instance. */
@ForModules
public final class Relu {
    private static final ElementLoops.Function POSITIVE = new ElementLoops.Function() {
        @Override
        public <A> void compute(RowMath<A> math, A x, A y, int n) {
            math.relu(y, n);
        }
    };

    private static final ElementLoops.Function GRADIENT = new ElementLoops.Function() {
        @Override
        public <A> void compute(RowMath<A> math, A x, A y, int n) {
            math.keepWherePositive(x, y, n);
        }
    };

    private final ElementLoops forward = new ElementLoops();
    private final ElementLoops backward = new ElementLoops();

    /**
     * Returns whether this computes an activation function. ND4J's ReLU can also have a bound, a threshold or a slope.
     *
     * @param function the function
     * @return true for a plain ReLU
     */
    public static boolean computes(IActivation function) {
        return function.equals(new ActivationReLU());
    }

    /** Creates an instance without buffers. */
    public Relu() {}

    /**
     * Computes {@code y = max(x, 0)}.
     *
     * @param x the input, FLOAT or DOUBLE
     * @param y the output, a contiguous array of the same shape and type; can be {@code x}
     */
    public void forward(INDArray x, INDArray y) {
        INDArray source = ElementLoops.haveSameOrder(x, y) ? x : y.assign(x);
        forward.run(source, source, y, POSITIVE);
    }

    /**
     * Computes the gradient of the input: that of the output where the output is positive, or else 0.
     *
     * @param y the output of {@link #forward}
     * @param yGradient the gradient of the output; not written to
     * @param xGradient gets the gradient of the input, a contiguous array; can be {@code y}
     */
    public void backward(INDArray y, INDArray yGradient, INDArray xGradient) {
        INDArray outputs = ElementLoops.haveSameOrder(y, xGradient) ? y : y.dup(xGradient.ordering());
        INDArray gradients =
                ElementLoops.haveSameOrder(yGradient, xGradient) ? yGradient : yGradient.dup(xGradient.ordering());
        backward.run(outputs, gradients, xGradient, GRADIENT);
    }
}
