package org.lora4j.text.task.internal;

import org.lora4j.internal.math.Softmax;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The loss of softmax regression, {@code 1/n·Σᵢ −w[yᵢ]·ln softmax(xᵢ·W + b)[yᵢ] + λ/2·Σ W²} with the weight w of each class. */
public final class SoftmaxLoss extends LinearLoss {
    private final int[] classes;
    private final double[] classWeights;

    /**
     * Creates the loss of some rows.
     *
     * @param features the rows {@code [n, dim]}, with b {@code [n, dim + 1]}, DOUBLE, in rows
     * @param classes the class of each, from 0
     * @param classWeights how much each class counts
     * @param hasBias whether the last column of the rows are ones, for b
     * @param penalty λ
     */
    public SoftmaxLoss(INDArray features, int[] classes, double[] classWeights, boolean hasBias, double penalty) {
        super(features, classWeights.length, hasBias, penalty);
        this.classes = classes;
        this.classWeights = classWeights;
    }

    /** The gradients are {@code w[yᵢ]·(softmax(xᵢ·W + b) − [yᵢ])/n}. */
    @Override
    Result gradients(INDArray outputs) {
        int count = classWeights.length;
        ArrayMemory rows = new ArrayMemory(outputs);
        double[] row = new double[count];
        double loss = 0;
        double errors = 0;
        for (int i = 0; i < classes.length; i++) {
            rows.get(i * count, row, 0, count);
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
