package org.lora4j.internal;

/**
 * How large a batch is and how often the examples are used, if nobody says it. A training must have some hundred steps, so few
 * examples are used more often and in smaller batches. The modules of this library use it; not part of the API.
 *
 * @hidden
 */
@ForModules
public final class DefaultSteps {
    /** A classifier has learned a good deal after so many steps. */
    public static final int ENOUGH = 300;

    /** More epochs than these teach a classifier the few examples by heart, and nothing else. */
    private static final int MOST_EPOCHS = 30;

    private static final int SMALLEST_BATCH = 16;
    private static final int LARGEST_BATCH = 1024;
    private static final int STEPS_OF_EPOCH = 64;

    private DefaultSteps() {}

    /**
     * Returns how often the examples are used.
     *
     * @param least the number of epochs for many examples
     * @param stepsOfEpoch the steps of an epoch
     * @param steps the steps of the training at least; 0 for no such bound
     * @return {@code least}, or more, up to 30, until the training has so many steps
     */
    public static int epochs(int least, long stepsOfEpoch, int steps) {
        return epochs(least, stepsOfEpoch, steps, MOST_EPOCHS);
    }

    /**
     * Returns how often the examples are used.
     *
     * @param least the number of epochs for many examples
     * @param stepsOfEpoch the steps of an epoch
     * @param steps the steps of the training at least; 0 for no such bound
     * @param most the most epochs
     * @return {@code least}, or more, up to {@code most}, until the training has so many steps
     */
    public static int epochs(int least, long stepsOfEpoch, int steps, int most) {
        long enough = (steps + stepsOfEpoch - 1) / stepsOfEpoch;
        return Math.max(least, (int) Math.min(most, enough));
    }

    /**
     * Returns the size of a batch for hosts that compute large ones faster.
     *
     * @param examples the number of examples
     * @return a power of two between 16 and 1024, with which an epoch has about 64 steps, or more
     */
    public static int batchSize(long examples) {
        int size = SMALLEST_BATCH;
        while (size < LARGEST_BATCH && size * (long) STEPS_OF_EPOCH < examples) {
            size *= 2;
        }
        return size;
    }
}
