package org.lora4j.train;

import org.nd4j.linalg.schedule.ISchedule;

/**
 * A learning rate that rises in a straight line from 0 to its peak and then falls along half a wave of the cosine (<a
 * href="https://arxiv.org/abs/1608.03983">arXiv:1608.03983</a>): {@code peak·t/warmupSteps} in the step t &lt; warmupSteps,
 * counted from 0, and later {@code lowest + (peak − lowest)·(1 + cos πx)/2} with {@code x = (t − warmupSteps)/(steps −
 * warmupSteps)}, at most 1. With the lowest rate 0 it is Hugging Face's {@code get_cosine_schedule_with_warmup}. As there, the
 * first step has the rate 0 if there is a warm-up.
 *
 * <pre>{@code
 * Trainer.builder(network).updater(new AdamW(new CosineWarmupSchedule(3e-3, 3e-4, 50, 700), 0.1)).maxIterations(700)
 * }</pre>
 *
 * <p>A step is an update of the parameters, so {@link Trainer.Builder#accumulate} does not change what it means. A resumed
 * training continues with the rate of its next step.
 *
 * @param peak the greatest rate, positive
 * @param lowest the rate of the step after the last one, and of later ones; from 0 to the peak
 * @param warmupSteps the number of steps in which the rate rises; often a tenth of all steps
 * @param steps the number of all steps
 * @serial exclude
 */
public record CosineWarmupSchedule(double peak, double lowest, int warmupSteps, int steps) implements ISchedule {
    /**
     * Checks the numbers.
     *
     * @param peak the greatest rate, positive
     * @param lowest the lowest rate after the warm-up, from 0 to the peak
     * @param warmupSteps the number of steps in which the rate rises
     * @param steps the number of all steps
     * @throws IllegalArgumentException if the peak is not positive, the lowest rate is not from 0 to the peak, or the warm-up is
     *     negative or has all steps
     */
    public CosineWarmupSchedule {
        // It has the same rules for the other numbers.
        LinearWarmupSchedule rules = new LinearWarmupSchedule(peak, warmupSteps, steps);
        if (!(lowest >= 0 && lowest <= rules.peak())) {
            throw new IllegalArgumentException("lowest must be from 0 to the peak, " + peak + ", found " + lowest);
        }
    }

    @Override
    public double valueAt(int iteration, int epoch) {
        if (iteration < warmupSteps) {
            return peak * iteration / warmupSteps;
        }
        double share = Math.min(1, (iteration - warmupSteps) / (double) (steps - warmupSteps));
        return lowest + (peak - lowest) * (1 + Math.cos(Math.PI * share)) / 2;
    }

    @Override
    public CosineWarmupSchedule clone() {
        return this;
    }
}
