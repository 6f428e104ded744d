package org.lora4j.cli.train;

import org.lora4j.train.LinearWarmupSchedule;
import org.nd4j.linalg.schedule.ISchedule;

/**
 * A learning rate that rises as that of {@link LinearWarmupSchedule}, and then is {@code peak·(1 + cos πx)/2} with the share x of
 * the other steps, or the peak. Hugging Face's {@code get_cosine_schedule_with_warmup} and
 * {@code get_constant_schedule_with_warmup}.
 *
 * @param linear the peak and the numbers of steps
 * @param cosine whether the rate falls
 * @serial exclude
 */
record WarmupSchedule(LinearWarmupSchedule linear, boolean cosine) implements ISchedule {
    @Override
    public double valueAt(int iteration, int epoch) {
        if (iteration < linear.warmupSteps()) {
            return linear.valueAt(iteration, epoch);
        }
        // The straight line from 1 to 0.
        double left = linear.valueAt(iteration, epoch) / linear.peak();
        return cosine ? linear.peak() * (1 + Math.cos(Math.PI * (1 - left))) / 2 : linear.peak();
    }

    @Override
    public WarmupSchedule clone() {
        return this;
    }
}
