package org.lora4j.spark.param;

/** Receives the progress of a training on Spark, in the driver. The thread that calls {@code fit} calls it. */
@FunctionalInterface
public interface RoundListener {
    /**
     * Called after each round.
     *
     * @param round what it computed
     */
    void onRound(TrainingRound round);
}
