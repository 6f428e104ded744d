package org.lora4j.train;

/** Receives the events of a training. The thread that trains calls it, so its methods must be fast. */
public interface TrainingListener {
    /**
     * Called after each step.
     *
     * @param iteration the step
     */
    default void onIteration(Iteration iteration) {}

    /**
     * Called after the last step of each completed epoch.
     *
     * @param epoch the epoch that ended, from 1
     * @param last its last step
     */
    default void onEpoch(int epoch, Iteration last) {}

    /**
     * Called after each validation, after {@link #onEpoch}. The model has the parameters that were validated, so this is the
     * place to save the best ones.
     *
     * @param result the result of the validation
     */
    default void onValidation(ValidationResult result) {}

    /**
     * Called when the training has ended. Not called if it ends with an exception.
     *
     * @param result the result
     */
    default void onEnd(TrainingResult result) {}

    /**
     * A step of a training.
     *
     * @param iteration the number of the step, from 1
     * @param epoch the epoch, from 1
     * @param examples the number of examples of its batch, or of its batches with {@link Trainer.Builder#accumulate}
     * @param loss the loss of its batch, before the step; the mean over all rows if there are several batches
     * @param runningLoss the mean loss of the last 100 steps
     * @param examplesPerSecond the number of examples since {@link Trainer#fit} was called, divided by the seconds since then
     */
    record Iteration(
            long iteration, int epoch, int examples, double loss, double runningLoss, double examplesPerSecond) {}
}
