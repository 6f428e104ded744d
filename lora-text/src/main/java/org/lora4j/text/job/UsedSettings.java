package org.lora4j.text.job;

import org.jspecify.annotations.Nullable;

/**
 * How a job trains, once its data were read.
 *
 * @param epochs how often all rows are used
 * @param batchSize the rows of a step
 * @param learningRateMultiplier the factor of the learning rate that suits method and model
 * @param learningRate the greatest learning rate
 * @param beta how much preferences hold the adapter to the model; null for another method
 * @param rows the examples that train
 * @param choosing those that choose the epoch
 * @param judging those that judge
 */
public record UsedSettings(
        int epochs,
        int batchSize,
        double learningRateMultiplier,
        double learningRate,
        @Nullable Double beta,
        int rows,
        int choosing,
        int judging) {
    /** The steps of an epoch. */
    int stepsOfEpoch() {
        return (rows + batchSize - 1) / batchSize;
    }

    /**
     * Returns the steps of the whole training.
     *
     * @return their number
     */
    public int steps() {
        return Math.multiplyExact(epochs, stepsOfEpoch());
    }
}
