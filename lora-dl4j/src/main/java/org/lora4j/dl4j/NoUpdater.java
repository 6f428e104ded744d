package org.lora4j.dl4j;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.GradientUpdater;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/** The updater of an adapter that was loaded to predict. The first step of a training is refused. */
final class NoUpdater implements IUpdater {
    private static final long serialVersionUID = 1L;

    @Override
    public long stateSize(long parameters) {
        return 0;
    }

    /** DL4J also calls this for a copy, so it must not fail. */
    @Override
    public GradientUpdater<NoUpdater> instantiate(INDArray state, boolean initialize) {
        return new Refusing();
    }

    @Override
    public GradientUpdater<NoUpdater> instantiate(Map<String, INDArray> state, boolean initialize) {
        return new Refusing();
    }

    private static final class Refusing implements GradientUpdater<NoUpdater> {
        @Override
        public NoUpdater getConfig() {
            return new NoUpdater();
        }

        @Override
        public void setState(Map<String, INDArray> state, boolean initialize) {
            // There is none.
        }

        @Override
        public Map<String, INDArray> getState() {
            return Map.of();
        }

        @Override
        public void setStateViewArray(INDArray state, long[] shape, char order, boolean initialize) {
            // There is none.
        }

        @Override
        public void applyUpdater(INDArray gradient, int iteration, int epoch) {
            throw refusal();
        }
    }

    private static IllegalStateException refusal() {
        return new IllegalStateException(
                "the adapter must have an updater to be trained, found one that was loaded without; load it with"
                        + " load(name, folder, updater)");
    }

    @Override
    public double getLearningRate(int iteration, int epoch) {
        return Double.NaN;
    }

    @Override
    public boolean hasLearningRate() {
        return false;
    }

    @Override
    public void setLrAndSchedule(double rate, ISchedule schedule) {
        throw refusal();
    }

    @Override
    @SuppressWarnings("MethodDoesntCallSuperMethod")
    public IUpdater clone() {
        return new NoUpdater();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof NoUpdater;
    }

    @Override
    public int hashCode() {
        return NoUpdater.class.hashCode();
    }
}
