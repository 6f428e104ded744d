package org.lora4j.text.task.internal;

import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The loss of a linear model whose outputs have a target each: the sum over the outputs of the mean over the rows, and λ/2·Σ W². */
public final class TargetLoss extends LinearLoss {
    private final INDArray targets;
    private final Loss loss;
    private final INDArray gradient;

    /**
     * Creates the loss of some rows.
     *
     * @param features the rows {@code [n, dim]}, with b {@code [n, dim + 1]}, DOUBLE, in rows
     * @param targets what the outputs should be {@code [n, count]}, DOUBLE
     * @param loss a mean over all outputs
     * @param hasBias whether the last column of the rows are ones, for b
     * @param penalty λ
     */
    public TargetLoss(INDArray features, INDArray targets, Loss loss, boolean hasBias, double penalty) {
        super(features, Math.toIntExact(targets.size(1)), hasBias, penalty);
        this.targets = targets;
        this.loss = loss;
        gradient = targets.ulike();
    }

    @Override
    Result gradients(INDArray outputs) {
        long count = targets.size(1);
        double sum = count * loss.compute(outputs, targets, gradient);
        outputs.assign(gradient.muli(count));
        return new Result(sum, sum * targets.size(0));
    }
}
