package org.lora4j.example.text.experiment;

import org.nd4j.linalg.schedule.ISchedule;

/**
 * A learning rate that rises linearly for the first tenth of the steps, and then falls linearly to 0.
 *
 * @param rate the highest rate
 * @param steps the number of steps
 */
record Schedule(double rate, int steps) implements ISchedule {
    private static final long serialVersionUID = 1;

    @Override
    public double valueAt(int iteration, int epoch) {
        int warmUp = Math.max(1, steps / 10);
        double share = iteration < warmUp
                ? (iteration + 1.0) / warmUp
                : Math.max(0, steps - iteration) / (double) Math.max(1, steps - warmUp);
        return rate * share;
    }

    @Override
    public ISchedule clone() {
        return this;
    }
}
