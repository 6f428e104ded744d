package org.lora4j.text.task.internal;

import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The loss of a linear model, {@code L(X·W + b) + λ/2·Σ W²}, in DOUBLE. Its parameters are W {@code [dim, count]} row by row, then b if it
 * has one.
 */
public abstract class LinearLoss implements Lbfgs.Function {
    private final INDArray features;
    private final INDArray transposed;
    private final int count;
    private final boolean hasBias;
    private final double penalty;
    private final INDArray weight;
    private final INDArray outputs;
    private final INDArray weightGradient;

    /**
     * Creates the loss of some rows.
     *
     * @param features the rows {@code [n, dim]}, DOUBLE, in rows
     * @param count the number of outputs
     * @param hasBias whether there is b
     * @param penalty λ
     */
    LinearLoss(INDArray features, int count, boolean hasBias, double penalty) {
        this.features = features;
        this.count = count;
        this.hasBias = hasBias;
        this.penalty = penalty;
        transposed = features.transpose();
        weight = Nd4j.createUninitialized(DataType.DOUBLE, features.size(1), count);
        outputs = Nd4j.createUninitialized(DataType.DOUBLE, new long[] {features.size(0), count}, 'c');
        weightGradient = Nd4j.createUninitialized(DataType.DOUBLE, new long[] {features.size(1), count}, 'c');
    }

    /**
     * Returns how many parameters there are.
     *
     * @return {@code dim·count}, and {@code count} more with a bias
     */
    public final int size() {
        return Math.toIntExact((features.size(1) + (hasBias ? 1 : 0)) * count);
    }

    private int weights() {
        return Math.toIntExact(weight.length());
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
    public final double at(double[] parameters, double[] gradient) {
        int weights = weights();
        double loss = measure(parameters).loss();
        transposed.mmuli(outputs, weightGradient);
        new ArrayMemory(weightGradient).get(0, gradient, 0, weights);
        if (hasBias) {
            new ArrayMemory(outputs.sum(0)).get(0, gradient, weights, count);
        }
        double squares = 0;
        for (int i = 0; i < weights; i++) {
            gradient[i] += penalty * parameters[i];
            squares += parameters[i] * parameters[i];
        }
        return loss + penalty / 2 * squares;
    }

    /**
     * Measures parameters without the penalty.
     *
     * @param parameters the parameters
     * @return their loss and errors
     */
    public final Result measure(double[] parameters) {
        int weights = weights();
        new ArrayMemory(weight).put(0, parameters, 0, weights);
        features.mmuli(weight, outputs);
        if (hasBias) {
            double[] bias = new double[count];
            System.arraycopy(parameters, weights, bias, 0, count);
            outputs.addiRowVector(Nd4j.createFromArray(bias));
        }
        return gradients(outputs);
    }
}
