package org.lora4j.train;

import org.nd4j.linalg.schedule.ISchedule;

/**
 * A learning rate that rises in a straight line from 0 to its peak and then falls in a straight line to 0:
 * {@code peak·t/warmupSteps} in the step t &lt; warmupSteps, counted from 0, and later
 * {@code peak·(steps − t)/(steps − warmupSteps)}, but not less than 0. Hugging Face's
 * {@code get_linear_schedule_with_warmup}. As there, the first step has the rate 0 if there is a warm-up.
 *
 * <pre>{@code
 * Trainer.builder(view).updater(new AdamW(new LinearWarmupSchedule(2e-3, 75, 750), 0.01)).maxIterations(750)
 * }</pre>
 *
 * <p>A step is an update of the parameters, so {@link Trainer.Builder#accumulate} does not change what it means. A resumed
 * training continues with the rate of its next step.
 *
 * @param peak the greatest rate, positive
 * @param warmupSteps the number of steps in which the rate rises; often a tenth of all steps
 * @param steps the number of all steps; later ones have the rate 0
 */
public record LinearWarmupSchedule(double peak, int warmupSteps, int steps) implements ISchedule {
    /**
     * Checks the numbers.
     *
     * @param peak the greatest rate, positive
     * @param warmupSteps the number of steps in which the rate rises
     * @param steps the number of all steps
     * @throws IllegalArgumentException if the peak is not positive, or the warm-up is negative or has all steps
     */
    public LinearWarmupSchedule {
        if (!(peak > 0) || !Double.isFinite(peak)) {
            throw new IllegalArgumentException("peak must be positive, found " + peak);
        }
        if (warmupSteps < 0 || warmupSteps >= steps) {
            throw new IllegalArgumentException("warmupSteps must be at least 0 and less than the number of all steps, "
                    + steps + ", found " + warmupSteps);
        }
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        double share = iteration < warmupSteps
                ? (double) iteration / warmupSteps
                : Math.max(0, steps - iteration) / (double) (steps - warmupSteps);
        return peak * share;
    }

    @Override
    public LinearWarmupSchedule clone() {
        return this;
    }
}
