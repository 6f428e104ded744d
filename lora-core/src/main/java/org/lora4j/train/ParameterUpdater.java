package org.lora4j.train;

import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;

/** The updater of one parameter, with its state. */
interface ParameterUpdater {
    /**
     * Takes one step.
     *
     * @param iteration the iteration, from 0, as ND4J's updaters and schedules count
     * @param epoch the epoch, from 0
     * @param before gets the value as it was before the step; of the value's shape and order. Null if it is not kept
     */
    void step(int iteration, int epoch, @Nullable INDArray before);

    /**
     * Copies the state.
     *
     * @return the state {@code [IUpdater.stateSize]} in ND4J's layout, or null if the updater has none
     */
    @Nullable
    INDArray state();

    /** Puts in the place of the state what {@link #state} answered; of the right size and type. */
    void restore(INDArray state);

    /** The updater of the given settings for a parameter. The gradient's array may be overwritten by each step. */
    static ParameterUpdater of(IUpdater settings, Parameter parameter, INDArray gradient) {
        // Exactly ND4J's settings: a subclass may mean something else.
        if (settings.getClass() == Adam.class) {
            Adam adam = (Adam) settings;
            boolean fitsHost = parameter.value().dataType() == DataType.FLOAT
                    && parameter.value().length() <= HostAdam.MAX_LENGTH;
            return fitsHost
                    ? new HostAdam(adam, parameter.value(), gradient)
                    : new Nd4jAdam(adam, parameter.value(), gradient);
        }
        return new Nd4jUpdater(settings, parameter.value(), gradient);
    }
}
