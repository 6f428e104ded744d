package org.lora4j.train;

/** The mean of the last so many values. */
final class RunningMean {
    private final double[] window;
    private long count;

    RunningMean(int size) {
        window = new double[size];
    }

    double add(double value) {
        window[(int) (count++ % window.length)] = value;
        return mean();
    }

    double mean() {
        int filled = (int) Math.min(count, window.length);
        double sum = 0;
        for (int i = 0; i < filled; i++) {
            sum += window[i];
        }
        return sum / filled;
    }
}
