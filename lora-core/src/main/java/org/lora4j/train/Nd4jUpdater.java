package org.lora4j.train;

import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.AdaBeliefUpdater;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.AdaBelief;
import org.nd4j.linalg.learning.config.IUpdater;

/** Any of ND4J's updaters: it turns the gradient into the update, which is then subtracted. */
final class Nd4jUpdater implements ParameterUpdater {
    private final GradientUpdater<?> updater;
    private final INDArray value;
    private final INDArray gradient;
    private final INDArray flatGradient;

    Nd4jUpdater(IUpdater settings, INDArray value, INDArray gradient) {
        this.value = value;
        this.gradient = gradient;
        long length = gradient.length();
        flatGradient = Nd4j.create(gradient.data(), new long[] {1, length}, new long[] {length, 1}, 0, 'c');
        updater = instantiate(settings, value.dataType(), length);
    }

    private static GradientUpdater<?> instantiate(IUpdater settings, DataType type, long length) {
        if (settings instanceof AdaBelief) {
            // ND4J fails to divide one array of state into the two that it needs.
            return settings.instantiate(
                    Map.of(
                            AdaBeliefUpdater.M_STATE, Nd4j.zeros(type, 1, length),
                            AdaBeliefUpdater.S_STATE, Nd4j.zeros(type, 1, length)),
                    true);
        }
        long size = settings.stateSize(length);
        return settings.instantiate(size == 0 ? null : Nd4j.createUninitializedDetached(type, 'c', 1, size), true);
    }

    @Override
    public void step(int iteration, int epoch) {
        updater.applyUpdater(flatGradient, iteration, epoch);
        value.subi(gradient);
    }
}
