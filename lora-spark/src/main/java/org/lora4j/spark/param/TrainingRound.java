package org.lora4j.spark.param;

/**
 * A round of a training on Spark: one job.
 *
 * @param iteration the number of steps so far
 * @param epoch the epoch, from 1
 * @param rows the rows that all workers computed in this round
 * @param loss their mean loss, before each step
 * @param seconds how long the round took
 * @param gap with {@link HasSchedule#setLocalSteps}, how far the average of the factors is from the average of the updates,
 *     {@code ‖mean(B·A) − mean(B)·mean(A)‖ / ‖mean(B·A)‖} in the Frobenius norm over all layers; 0 if the gradients are exact
 */
public record TrainingRound(long iteration, int epoch, long rows, double loss, double seconds, double gap) {}
