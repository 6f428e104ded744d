package org.lora4j.train;

/** A loss or a parameter was NaN or infinite. The parameters are those with which the loss was finite last. */
public final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** When. */
    private final long iteration;

    /** Where. */
    private final String place;

    DivergedException(long iteration, String place, String message) {
        super(message);
        this.iteration = iteration;
        this.place = place;
    }

    /**
     * When it happened.
     *
     * @return the iteration, from 1
     */
    public long iteration() {
        return iteration;
    }

    /**
     * Where it happened.
     *
     * @return the path of the first layer whose output is not finite, {@code input}, {@code loss}, or the name of a
     *     parameter
     */
    public String place() {
        return place;
    }
}
