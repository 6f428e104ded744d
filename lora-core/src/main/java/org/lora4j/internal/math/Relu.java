package org.lora4j.internal.math;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ForModules;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.impl.scalar.Step;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Computes {@code y = max(x, 0)} and its gradient. Small arrays of floats are computed in Java loops, without a native call
 * and without threads. All others are computed in native code. The numbers are the same. Not thread-safe: each pass has its
 * own instance.
 */
@ForModules
public final class Relu {
    /**
     * Arrays of at most this many elements are computed in Java loops. Measured on an AMD Zen 4 processor: with the copies to
     * the heap and back, the loops are faster up to 10,000 elements. With ND4J's default threads, they are faster up to
     * 20,000, because a native operation over more than 1024 elements wakes all threads.
     */
    static final int MAX_HEAP_ELEMENTS = 1 << 13;

    /** The product of the smallest positive number and both constants is 1. No result overflows before it is cut off at 1. */
    private static final float NORMAL_TO_ONE = 0x1p127f;

    private static final float SUBNORMAL_TO_ONE = 0x1p22f;

    private final BoundMemory input = new BoundMemory();
    private final BoundMemory output = new BoundMemory();
    private final BoundMemory outputGradient = new BoundMemory();
    private final BoundMemory inputGradient = new BoundMemory();
    private float[] values = new float[0];
    private float[] gradients = new float[0];
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
        if (isSmall(y) && haveSameOrder(x, y)) {
            forwardOnHeap(x, y);
        } else {
            forwardNatively(x, y);
        }
    }

    void forwardOnHeap(INDArray x, INDArray y) {
        int length = reserve(y);
        input.of(x).get(0, values, 0, length);
        relu(values, length);
        output.of(y).put(0, values, 0, length);
    }

    private static void relu(float[] values, int length) {
        for (int i = 0; i < length; i++) {
            values[i] = Math.max(values[i], 0);
        }
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
        if (isSmall(y) && haveSameOrder(y, yGradient) && haveSameOrder(y, xGradient)) {
            backwardOnHeap(y, yGradient, xGradient);
        } else {
            backwardNatively(y, yGradient, xGradient);
        }
    }

    void backwardOnHeap(INDArray y, INDArray yGradient, INDArray xGradient) {
        int length = reserve(y);
        output.of(y).get(0, values, 0, length);
        outputGradient.of(yGradient).get(0, gradients, 0, length);
        keepWherePositive(gradients, values, length);
        inputGradient.of(xGradient).put(0, gradients, 0, length);
    }

    /** Multiplies by 1 or 0. The JVM does not vectorize a condition, and a processor predicts it wrong half of the time. */
    private static void keepWherePositive(float[] gradients, float[] y, int length) {
        for (int i = 0; i < length; i++) {
            gradients[i] *= Math.min(Math.min(y[i] * NORMAL_TO_ONE, 1) * SUBNORMAL_TO_ONE, 1);
        }
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

    /** Makes the copies large enough for an array. Returns its length. */
    private int reserve(INDArray array) {
        int length = Math.toIntExact(array.length());
        if (values.length < length) {
            values = new float[length];
            gradients = new float[length];
        }
        return length;
    }

    private static boolean isSmall(INDArray array) {
        return array.dataType() == DataType.FLOAT && array.length() <= MAX_HEAP_ELEMENTS;
    }

    /** Whether two arrays are contiguous, with their elements in the same places of their memory. */
    private static boolean haveSameOrder(INDArray one, INDArray other) {
        return one == other
                || (one.elementWiseStride() == 1
                        && other.elementWiseStride() == 1
                        && Arrays.equals(one.stride(), other.stride()));
    }

    /** The memory of the array of the last call, which is usually that of the next call too. */
    private static final class BoundMemory {
        private @Nullable INDArray bound;
        private @Nullable ArrayMemory memory;

        ArrayMemory of(INDArray array) {
            ArrayMemory known = memory;
            if (known == null || array != bound) {
                known = new ArrayMemory(array);
                memory = known;
                bound = array;
            }
            return known;
        }
    }
}
