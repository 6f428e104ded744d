package org.lora4j.internal;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.scalar.Step;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Computes {@code y = max(x, 0)} and its gradient. Small matrices are computed in Java loops, without a native call and
 * without threads. Large ones are computed in native code. The numbers are the same. Not thread-safe: each pass has its own
 * instance.
 */
public final class Relu {
    private final HeapRow first = new HeapRow();
    private final HeapRow second = new HeapRow();
    private final HeapRow result = new HeapRow();
    private @Nullable ReusableOp relu;
    private @Nullable ReusableOp multiply;
    private @Nullable Step step;

    /** Creates an instance without native contexts. */
    public Relu() {}

    /**
     * Computes {@code y = max(x, 0)}.
     *
     * @param x the input
     * @param y the output, a contiguous array of the same shape and type; can be {@code x}
     */
    public void forward(INDArray x, INDArray y) {
        if (isSmall(x, y)) {
            forwardOnHeap(x, y);
        } else {
            forwardNatively(x, y);
        }
    }

    void forwardOnHeap(INDArray x, INDArray y) {
        Lines row = first.read(x);
        row.relu(1, Math.toIntExact(x.length()));
        result.write(row, y);
    }

    void forwardNatively(INDArray x, INDArray y) {
        if (relu == null) {
            relu = new ReusableOp(DynamicCustomOp.builder("relu")
                    .addFloatingPointArguments(0.0)
                    .build());
        }
        relu.run(x, y);
    }

    /**
     * Computes the gradient of the input: that of the output where the output is positive, or else 0.
     *
     * @param y the output of {@link #forward}
     * @param yGradient the gradient of the output; not written to
     * @param xGradient gets the gradient of the input, a contiguous array
     */
    public void backward(INDArray y, INDArray yGradient, INDArray xGradient) {
        if (isSmall(y, yGradient) && isSmall(y, xGradient)) {
            backwardOnHeap(y, yGradient, xGradient);
        } else {
            backwardNatively(y, yGradient, xGradient);
        }
    }

    void backwardOnHeap(INDArray y, INDArray yGradient, INDArray xGradient) {
        Lines gradient = second.read(yGradient);
        gradient.keepWherePositive(first.read(y), 1, Math.toIntExact(y.length()));
        result.write(gradient, xGradient);
    }

    void backwardNatively(INDArray y, INDArray yGradient, INDArray xGradient) {
        if (step == null) {
            step = new Step(y, xGradient);
        } else {
            step.setX(y);
            step.setZ(xGradient);
        }
        Nd4j.exec(step);
        if (multiply == null) {
            multiply = new ReusableOp(DynamicCustomOp.builder("multiply").build());
        }
        multiply.run(xGradient, yGradient, xGradient);
    }

    /** Whether two arrays are small, and their elements are in the same places of their memory. */
    private static boolean isSmall(INDArray one, INDArray other) {
        return one.length() <= Lines.MAX_ELEMENTS
                && (one == other
                        || (one.elementWiseStride() == 1
                                && other.elementWiseStride() == 1
                                && Arrays.equals(one.stride(), other.stride())));
    }
}
