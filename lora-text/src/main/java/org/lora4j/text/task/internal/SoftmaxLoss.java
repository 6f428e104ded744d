package org.lora4j.text.task.internal;

import org.lora4j.internal.math.Softmax;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The loss of softmax regression, {@code 1/n·Σᵢ −w[yᵢ]·ln softmax(xᵢ·W + b)[yᵢ] + λ/2·Σ W²} with the weight w of each class, in DOUBLE. Its
 * parameters are W {@code [dim, count]} row by row, then b if it has one.
 */
public final class SoftmaxLoss implements Lbfgs.Function {
    private final INDArray features;
    private final INDArray transposed;
    private final int[] classes;
    private final int count;
    private final double[] classWeights;
    private final boolean hasBias;
    private final double penalty;
    private final INDArray weight;
    private final INDArray outputs;
    private final INDArray weightGradient;

    /**
     * Creates the loss of some rows.
     *
     * @param features the rows {@code [n, dim]}, DOUBLE, in rows
     * @param classes the class of each, from 0
     * @param classWeights how much each class counts
     * @param hasBias whether there is b
     * @param penalty λ
     */
    public SoftmaxLoss(INDArray features, int[] classes, double[] classWeights, boolean hasBias, double penalty) {
        this.features = features;
        this.classes = classes;
        this.classWeights = classWeights;
        this.hasBias = hasBias;
        this.penalty = penalty;
        count = classWeights.length;
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
    public int size() {
        return Math.toIntExact((features.size(1) + (hasBias ? 1 : 0)) * count);
    }

    private int weights() {
        return Math.toIntExact(weight.length());
    }

    /**
     * What the rows say of parameters.
     *
     * @param loss the mean of {@code −w·ln p} of the right classes
     * @param errors how many rows have another class with the largest output, by their weights
     */
    public record Result(double loss, double errors) {}

    @Override
    public double at(double[] parameters, double[] gradient) {
        int weights = weights();
        double loss = gradients(parameters).loss();
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
    public Result measure(double[] parameters) {
        return gradients(parameters);
    }

    /** Computes the outputs, and turns them into their gradients {@code w[yᵢ]·(softmax(xᵢ·W + b) − [yᵢ])/n}. */
    private Result gradients(double[] parameters) {
        int weights = weights();
        new ArrayMemory(weight).put(0, parameters, 0, weights);
        features.mmuli(weight, outputs);
        ArrayMemory rows = new ArrayMemory(outputs);
        double[] row = new double[count];
        double loss = 0;
        double errors = 0;
        for (int i = 0; i < classes.length; i++) {
            rows.get(i * count, row, 0, count);
            for (int c = 0; hasBias && c < count; c++) {
                row[c] += parameters[weights + c];
            }
            double share = classWeights[classes[i]];
            loss += share * Softmax.crossEntropy(row, classes[i]);
            double right = row[classes[i]];
            boolean wrong = false;
            for (double probability : row) {
                wrong |= probability > right;
            }
            errors += wrong ? share : 0;
            row[classes[i]] -= 1;
            for (int c = 0; c < count; c++) {
                row[c] *= share / classes.length;
            }
            rows.put(i * count, row, 0, count);
        }
        return new Result(loss / classes.length, errors);
    }
}
