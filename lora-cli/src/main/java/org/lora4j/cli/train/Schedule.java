package org.lora4j.cli.train;

import org.lora4j.train.CosineWarmupSchedule;
import org.lora4j.train.LinearWarmupSchedule;
import org.nd4j.linalg.schedule.ISchedule;

/** How the learning rate falls after the warm-up. */
public enum Schedule {
    /** In a straight line to 0. */
    LINEAR,
    /** As half a wave of the cosine to 0. */
    COSINE,
    /** Not at all. */
    CONSTANT;

    /**
     * Creates the schedule.
     *
     * @param peak the greatest rate
     * @param warmupSteps the steps in which the rate rises in a straight line from 0
     * @param steps all steps
     * @return the rate of each step
     * @throws IllegalArgumentException if the warm-up has all steps
     */
    ISchedule rates(double peak, int warmupSteps, int steps) {
        return switch (this) {
            case LINEAR -> new LinearWarmupSchedule(peak, warmupSteps, steps);
            case COSINE -> new CosineWarmupSchedule(peak, 0, warmupSteps, steps);
            case CONSTANT -> new CosineWarmupSchedule(peak, peak, warmupSteps, steps);
        };
    }
}
