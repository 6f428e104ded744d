package org.lora4j.cli.train;

import org.lora4j.train.CosineWarmupSchedule;
import org.lora4j.train.LinearWarmupSchedule;
import org.nd4j.linalg.schedule.ISchedule;

/** How the learning rate falls after the warm-up. */
enum Schedule {
    /** In a straight line to 0. */
    LINEAR,
    /** As half a wave of the cosine to 0. */
    COSINE,
    /** Not at all. */
    CONSTANT;

    /** Returns the rate of each step, which first rises in a straight line from 0 to its peak. The warm-up must leave a step. */
    ISchedule rates(double peak, int warmupSteps, int steps) {
        return switch (this) {
            case LINEAR -> new LinearWarmupSchedule(peak, warmupSteps, steps);
            case COSINE -> new CosineWarmupSchedule(peak, 0, warmupSteps, steps);
            case CONSTANT -> new CosineWarmupSchedule(peak, peak, warmupSteps, steps);
        };
    }
}
