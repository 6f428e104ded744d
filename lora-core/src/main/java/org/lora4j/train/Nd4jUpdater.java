package org.lora4j.train;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.GradientUpdater;
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
        updater = settings.instantiate(state(settings, value), true);
    }

    private static @Nullable INDArray state(IUpdater settings, INDArray value) {
        long size = settings.stateSize(value.length());
        return size == 0 ? null : Nd4j.createUninitializedDetached(value.dataType(), 'c', 1, size);
    }

    @Override
    public void step(int iteration, int epoch) {
        updater.applyUpdater(flatGradient, iteration, epoch);
        value.subi(gradient);
    }
}
