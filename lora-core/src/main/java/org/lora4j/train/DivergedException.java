package org.lora4j.train;

import java.util.Objects;

/**
 * Reports that a loss or a parameter is NaN or infinite in a training. The parameters of the model are then those of the last
 * finite loss, or those of the best {@link Validation} if there was one, unless
 * {@link Trainer.Builder#restoreOnDivergence} is off.
 */
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The iteration, from 1. */
    private final long iteration;

    /** The name of a layer or a parameter, or a word for the input or the loss. */
    private final String place;

    /**
     * Reports a value that is not finite. Trainings of other hosts throw this exception too.
     *
     * @param iteration the iteration, from 1
     * @param place where the first value that is not finite was found; see {@link #place}
     * @param message what was found, and which values the parameters have now
     */
    public DivergedException(long iteration, String place, String message) {
        super(Objects.requireNonNull(message, "message must not be null"));
        this.iteration = iteration;
        this.place = Objects.requireNonNull(place, "place must not be null");
    }

    /**
     * Returns the iteration in which the loss or the parameter was not finite.
     *
     * @return the iteration, from 1
     */
    public long iteration() {
        return iteration;
    }

    /**
     * Returns where the first value that is not finite was found.
     *
     * @return the path of the first layer whose output is not finite, {@code input}, {@code loss}, or the name of a
     *     parameter
     */
    public String place() {
        return place;
    }
}
