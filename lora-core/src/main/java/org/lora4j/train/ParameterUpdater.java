package org.lora4j.train;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.batch.internal.WeightGradient;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;

/** The updater of one parameter, including its state. */
interface ParameterUpdater {
    /**
     * Takes one step.
     *
     * @param iteration the iteration, from 0 as in ND4J's updaters and schedules
     * @param epoch the epoch, from 0
     * @param before receives the value before the step, in the same shape and order; null if it is not needed
     */
    void step(int iteration, int epoch, @Nullable INDArray before);

    /**
     * Copies the state.
     *
     * @return the state {@code [IUpdater.stateSize]} in ND4J's layout, or null if the updater has none
     */
    @Nullable
    INDArray state();

    /** Overwrites the state with one that {@link #state} returned. Its size and type must fit. */
    void restore(INDArray state);

    /**
     * Creates the updater of a parameter. Each step may overwrite the gradient.
     *
     * @param gradient holds the gradient at each step, unless the updater defers the computation of the product
     * @param product the gradient as a product, if it is one that may be deferred
     */
    static ParameterUpdater of(
            IUpdater settings, Parameter parameter, INDArray gradient, @Nullable WeightGradient product) {
        if (settings instanceof AdamW adamW) {
            double weightDecay = adamW.decays(parameter) ? adamW.weightDecay() : 0;
            return ofAdam(adamW.adam(), weightDecay, parameter.value(), gradient, product);
        }
        return isAdam(settings)
                ? ofAdam((Adam) settings, 0, parameter.value(), gradient, product)
                : new Nd4jUpdater(settings, parameter.value(), gradient);
    }

    /** Whether an updater is Adam or AdamW, which this library computes itself. */
    static boolean isAdam(IUpdater settings) {
        // Of Adam only the class itself: a subclass can change the algorithm.
        return settings instanceof AdamW || settings.getClass() == Adam.class;
    }

    private static ParameterUpdater ofAdam(
            Adam settings, double weightDecay, INDArray value, INDArray gradient, @Nullable WeightGradient product) {
        return value.dataType() == DataType.FLOAT && value.length() <= HeapAdam.MAX_LENGTH
                ? new HeapAdam(settings, weightDecay, value, gradient, product)
                : new Nd4jAdam(settings, weightDecay, value, gradient);
    }
}
