package org.lora4j.train;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/**
 * ND4J's Adam for parameters that {@link HeapAdam} does not support. It uses ε and the weight decay in the same way as
 * {@link HeapAdam}.
 */
final class Nd4jAdam implements ParameterUpdater {
    private final Adam settings;
    private final double epsilon;
    private final double weightDecay;
    private final INDArray value;
    private final INDArray gradient;
    private final Nd4jUpdater updater;

    Nd4jAdam(Adam settings, double weightDecay, INDArray value, INDArray gradient) {
        // The updater reads its settings at each step. This is a copy, so the settings of the caller do not change.
        this.settings = settings.clone();
        epsilon = settings.getEpsilon();
        this.weightDecay = weightDecay;
        this.value = value;
        this.gradient = gradient;
        updater = new Nd4jUpdater(this.settings, value, gradient);
    }

    @Override
    public void step(int iteration, int epoch, @Nullable INDArray before) {
        settings.setEpsilon(HeapAdam.epsilonBesideUncorrected(epsilon, settings.getBeta2(), iteration));
        if (before != null) {
            before.assign(value);
        }
        double rate = settings.getLearningRate(iteration, epoch);
        if (weightDecay != 0) {
            value.muli(1 - weightDecay * rate);
        }
        updater.computeUpdate(iteration, epoch);
        // ND4J uses ε in place of a rate of 0.
        if (rate != 0) {
            value.subi(gradient);
        }
    }

    @Override
    public @Nullable INDArray state() {
        return updater.state();
    }

    @Override
    public void restore(INDArray state) {
        updater.restore(state);
    }
}
