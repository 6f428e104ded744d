package org.lora4j.text.task.internal;

import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The loss of a linear model, {@code L(X·W + b) + λ/2·Σ W²}, in DOUBLE. Its parameters are W {@code [dim, count]} row by row, then b if it
 * has one. With b, X has a last column of ones, so that b is one more row of W, without a penalty.
 */
public abstract class LinearLoss implements Lbfgs.Function {
    private final INDArray features;
    private final INDArray featuresT;
    private final int penalized;
    private final double penalty;
    private final INDArray parameters;
    private final INDArray parametersT;
    private final INDArray outputs;
    private final INDArray outputsT;
    private final INDArray gradients;
    private final INDArray gradientsT;

    /**
     * Creates the loss of some rows.
     *
     * @param features the rows {@code [n, dim]}, with b {@code [n, dim + 1]}, DOUBLE, in rows
     * @param count the number of outputs
     * @param hasBias whether the last column of the rows are ones, for b
     * @param penalty λ
     */
    LinearLoss(INDArray features, int count, boolean hasBias, double penalty) {
        this.features = features;
        this.penalty = penalty;
        long columns = features.size(1);
        penalized = Math.toIntExact((columns - (hasBias ? 1 : 0)) * count);
        parameters = Nd4j.createUninitialized(DataType.DOUBLE, new long[] {columns, count}, 'c');
        outputs = Nd4j.createUninitialized(DataType.DOUBLE, new long[] {features.size(0), count}, 'c');
        gradients = parameters.ulike();
        featuresT = features.transpose();
        parametersT = parameters.transpose();
        outputsT = outputs.transpose();
        gradientsT = gradients.transpose();
    }

    /**
     * Returns how many parameters there are.
     *
     * @return {@code dim·count}, and {@code count} more with a bias
     */
    public final int size() {
        return Math.toIntExact(parameters.length());
    }

    /**
     * What the rows say of parameters.
     *
     * @param loss L
     * @param errors how many rows have a wrong answer, by their weights; for a loss that counts none it is the sum of the losses
     */
    public record Result(double loss, double errors) {}

    /** Computes L, and turns the outputs {@code [n, count]} into their gradients. */
    abstract Result gradients(INDArray outputs);

    @Override
    public final double at(double[] point, double[] gradient) {
        double loss = measure(point).loss();
        // Gᵀ = Yᵀ·X: the product of two arrays in columns is written where it belongs.
        Nd4j.gemm(outputsT, features, gradientsT, false, false, 1, 0);
        new ArrayMemory(gradients).get(0, gradient, 0, gradient.length);
        double squares = 0;
        for (int i = 0; i < penalized; i++) {
            gradient[i] += penalty * point[i];
            squares += point[i] * point[i];
        }
        return loss + penalty / 2 * squares;
    }

    /**
     * Measures parameters without the penalty.
     *
     * @param point the parameters
     * @return their loss and errors
     */
    public final Result measure(double[] point) {
        new ArrayMemory(parameters).put(0, point, 0, point.length);
        Nd4j.gemm(parametersT, featuresT, outputsT, false, false, 1, 0);
        return gradients(outputs);
    }
}
