package org.lora4j.internal;

import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Random arrays from a generator of the caller's: ND4J's own is one per thread and shared by everything in it.
 */
public final class RandomArrays {
    private RandomArrays() {}

    /**
     * Draws from U(−bound, bound).
     *
     * @param random the generator
     * @param bound the bound, finite and not negative
     * @param dataType FLOAT or DOUBLE
     * @param shape the shape
     * @return a new array in 'c' order, filled in row-major order
     */
    public static INDArray uniform(RandomGenerator random, double bound, DataType dataType, long... shape) {
        return fill(() -> (2 * random.nextDouble() - 1) * bound, dataType, shape);
    }

    /**
     * Draws from N(0, σ²).
     *
     * @param random the generator
     * @param standardDeviation σ, finite and not negative
     * @param dataType FLOAT or DOUBLE
     * @param shape the shape
     * @return a new array in 'c' order, filled in row-major order
     */
    public static INDArray gaussian(
            RandomGenerator random, double standardDeviation, DataType dataType, long... shape) {
        return fill(() -> random.nextGaussian() * standardDeviation, dataType, shape);
    }

    private static INDArray fill(DoubleSupplier draw, DataType dataType, long... shape) {
        INDArray array = Nd4j.createUninitializedDetached(dataType, 'c', shape);
        long length = array.length();
        for (long i = 0; i < length; i++) {
            array.data().put(i, draw.getAsDouble());
        }
        return array;
    }
}
