package org.lora4j.train;

/**
 * The result of a {@link Validation}.
 *
 * @param epoch the epoch after which it was computed, from 1. If the training ends within an epoch, it is that epoch; 0 for what the
 *     model was before the first step, see {@link Validation#withStart}
 * @param iteration the number of steps until then
 * @param value the loss or the score
 * @param isBest whether it is better than all before
 */
public record ValidationResult(int epoch, long iteration, double value, boolean isBest) {}
