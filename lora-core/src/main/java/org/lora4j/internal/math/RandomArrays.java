package org.lora4j.internal.math;

import java.util.function.DoubleSupplier;
import java.util.random.RandomGenerator;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Random arrays from a given generator. ND4J's generator is not used, because all code of a thread shares it. */
public final class RandomArrays {
    private RandomArrays() {}

    /**
     * Draws from U(−bound, bound), the uniform distribution.
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
     * Draws a matrix from U(−1/√columns, 1/√columns). This is the Kaiming-uniform distribution with a = √5, from which
     * PyTorch draws the weight of a dense layer and PEFT draws A.
     *
     * @param random the generator
     * @param dataType FLOAT or DOUBLE
     * @param rows the number of rows
     * @param columns the number of columns
     * @return {@code [rows, columns]}, a new array in 'c' order, filled in row-major order
     */
    public static INDArray kaimingUniform(RandomGenerator random, DataType dataType, long rows, long columns) {
        return uniform(random, 1 / Math.sqrt((double) columns), dataType, rows, columns);
    }

    /**
     * Draws from N(0, σ²), the normal distribution.
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
