package org.lora4j.train;

/** Hears what happens in a training. Called in the thread that trains, so it should be quick. */
public interface TrainingListener {
    /**
     * A step was taken.
     *
     * @param iteration what happened in it
     */
    default void onIteration(Iteration iteration) {}

    /**
     * The iterator came to its end.
     *
     * @param epoch the epoch that ended, from 1
     * @param last its last iteration
     */
    default void onEpoch(int epoch, Iteration last) {}

    /**
     * The training ended as it should.
     *
     * @param result what came of it
     */
    default void onEnd(TrainingResult result) {}

    /**
     * One step.
     *
     * @param iteration the step, from 1
     * @param epoch the epoch, from 1
     * @param examples the number of examples in its batch
     * @param loss the loss of its batch, before the step
     * @param runningLoss the mean loss of the last 100 steps
     * @param examplesPerSecond examples since the call of {@link Trainer#fit}, by the time since then
     */
    record Iteration(
            long iteration, int epoch, int examples, double loss, double runningLoss, double examplesPerSecond) {}
}
