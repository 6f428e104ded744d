package org.lora4j.train;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.FlatRow;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.AdaBeliefUpdater;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.IUpdater;

/** Any ND4J updater. It overwrites the gradient with the update, which is then subtracted from the value. */
final class Nd4jUpdater implements ParameterUpdater {
    /** So often the state is rounded. A state that at least halves in each step is zero before it costs time. */
    private static final int ROUNDING_INTERVAL = 32;

    /** Far below all numbers that have an effect, and far above the smallest normal number of the type. */
    private static final double ROUND_FLOAT = 1e-20;

    private static final double ROUND_DOUBLE = 1e-100;

    private final GradientUpdater<?> updater;
    private final @Nullable INDArray state;
    private final INDArray value;
    private final INDArray gradient;
    private final INDArray flatGradient;

    Nd4jUpdater(IUpdater settings, INDArray value, INDArray gradient) {
        this.value = value;
        this.gradient = gradient;
        long length = gradient.length();
        flatGradient = FlatRow.of(gradient);
        long size = settings.stateSize(length);
        state = size == 0 ? null : Nd4j.createUninitializedDetached(value.dataType(), 'c', 1, size);
        updater = instantiate(settings, state, length);
    }

    private static GradientUpdater<?> instantiate(IUpdater settings, @Nullable INDArray state, long length) {
        if (settings instanceof AdaBelief adaBelief) {
            // AdaBelief.instantiate does not split the state into its two parts, so it is split here.
            AdaBeliefUpdater updater = new AdaBeliefUpdater(adaBelief);
            updater.setStateViewArray(state, new long[] {1, length}, 'c', true);
            return updater;
        }
        return settings.instantiate(state, true);
    }

    @Override
    public void step(int iteration, int epoch, @Nullable INDArray before) {
        if (before != null) {
            before.assign(value);
        }
        computeUpdate(iteration, epoch);
        value.subi(gradient);
    }

    /** Overwrites the gradient with the update. */
    void computeUpdate(int iteration, int epoch) {
        updater.applyUpdater(flatGradient, iteration, epoch);
        if (state != null && iteration % ROUNDING_INTERVAL == ROUNDING_INTERVAL - 1) {
            round(state);
        }
    }

    /** Rounds very small numbers to zero: below the smallest normal number, some processors are many times slower. */
    private static void round(INDArray state) {
        double summand = state.dataType() == DataType.DOUBLE ? ROUND_DOUBLE : ROUND_FLOAT;
        state.addi(summand).subi(summand);
    }

    @Override
    public @Nullable INDArray state() {
        return state == null ? null : state.dup('c').reshape(state.length());
    }

    @Override
    public void restore(INDArray saved) {
        if (state != null) {
            // The updater uses views of this array, so its content is overwritten.
            state.assign(saved.reshape(1, saved.length()));
        }
    }
}
