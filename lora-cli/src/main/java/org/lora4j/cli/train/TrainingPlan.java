package org.lora4j.cli.train;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.lora4j.internal.DefaultSteps;
import org.lora4j.train.AdamW;

/**
 * How a training runs: AdamW, with a warm-up of the learning rate.
 *
 * @param epochs how often all examples are used
 * @param minSteps the steps of a training at least, see {@link #forExamples}; 0 for no such bound
 * @param batch the examples of a batch
 * @param accumulate the batches of a step
 * @param rate the greatest learning rate
 * @param schedule how it falls
 * @param warmup the share of the steps in which it rises, at least 0 and below 1
 * @param weightDecay λ of AdamW
 * @param clip the greatest norm of the gradients; 0 for no limit
 * @param patience the training stops if the validation did not improve for so many epochs; 0 for never
 * @param seed the seed of all random choices
 * @param checkpointEvery the steps between two checkpoints; 0 for none
 */
public record TrainingPlan(
        int epochs,
        int minSteps,
        int batch,
        int accumulate,
        double rate,
        Schedule schedule,
        double warmup,
        double weightDecay,
        double clip,
        int patience,
        long seed,
        int checkpointEvery) {
    /**
     * Returns the plan for a number of examples. Few examples are used more often, until the training has {@code minSteps}, but not
     * more than 30 times.
     *
     * @param examples the number of examples
     * @return this plan, or one with more epochs
     */
    public TrainingPlan forExamples(int examples) {
        return new TrainingPlan(
                DefaultSteps.epochs(epochs, stepsOfEpoch(examples), minSteps),
                minSteps,
                batch,
                accumulate,
                rate,
                schedule,
                warmup,
                weightDecay,
                clip,
                patience,
                seed,
                checkpointEvery);
    }

    private static int divideUp(int dividend, int divisor) {
        return (dividend + divisor - 1) / divisor;
    }

    private int stepsOfEpoch(int examples) {
        return divideUp(batches(examples), accumulate);
    }

    /**
     * Returns the number of batches of an epoch.
     *
     * @param examples the number of examples
     * @return the number of batches; the last one can have fewer examples
     */
    public int batches(int examples) {
        return divideUp(examples, batch);
    }

    /**
     * Returns the number of steps.
     *
     * @param examples the number of examples
     * @return the steps of all epochs
     */
    public int steps(int examples) {
        return Math.multiplyExact(epochs, stepsOfEpoch(examples));
    }

    /**
     * Returns the updater.
     *
     * @param steps the number of all steps
     * @return AdamW with the learning rate of each step
     */
    public AdamW updater(int steps) {
        return new AdamW(schedule.rates(rate, (int) (warmup * steps), steps), weightDecay);
    }

    /**
     * Returns the settings that decide about the result, for reports and checkpoints.
     *
     * @return the values by name
     */
    public Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("epochs", epochs);
        settings.put("batch", batch);
        settings.put("accumulate", accumulate);
        settings.put("rate", rate);
        settings.put("schedule", schedule.name().toLowerCase(Locale.ROOT));
        settings.put("warmup", warmup);
        settings.put("weightDecay", weightDecay);
        settings.put("clip", clip);
        settings.put("patience", patience);
        settings.put("seed", seed);
        return settings;
    }
}
