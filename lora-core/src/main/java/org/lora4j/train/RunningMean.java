package org.lora4j.train;

/** The mean loss of the last {@value #STEPS} steps. */
final class RunningMean {
    static final int STEPS = 100;

    private final double[] window = new double[STEPS];
    private long count;

    /**
     * Continues another running mean.
     *
     * @param values the number of all its values
     * @param recent the last values, the oldest first
     */
    void resume(long values, double[] recent) {
        count = values - recent.length;
        for (double value : recent) {
            add(value);
        }
    }

    double add(double value) {
        window[(int) (count++ % STEPS)] = value;
        return mean();
    }

    double mean() {
        int filled = filled();
        double sum = 0;
        for (int i = 0; i < filled; i++) {
            sum += window[i];
        }
        return sum / filled;
    }

    /** Returns the values of the mean, the oldest first. */
    double[] recent() {
        double[] recent = new double[filled()];
        for (int i = 0; i < recent.length; i++) {
            recent[i] = window[(int) ((count - recent.length + i) % STEPS)];
        }
        return recent;
    }

    private int filled() {
        return (int) Math.min(count, STEPS);
    }
}
