package org.lora4j.nn;

import java.util.SplittableRandom;
import org.lora4j.internal.math.RandomArrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Random input that is the same in every run. */
public final class Samples {
    private Samples() {}

    /** An array from N(0, 1) in 'c' order. */
    public static INDArray gaussian(long seed, DataType type, long... shape) {
        return RandomArrays.gaussian(new SplittableRandom(seed), 1, type, shape);
    }

    /** The elements in row-major order, whatever the order in memory; equal only if every bit is. */
    public static double[] bits(INDArray array) {
        return array.dup('c').data().asDouble();
    }
}
