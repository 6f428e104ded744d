package org.lora4j.cli.language;

import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.train.PreferenceLoss;

/**
 * How far the trained adapter prefers the chosen answers, beside the reference.
 *
 * @param judgement the accuracy beside that of rules without a model; null if no pair was held out
 * @param trainingPairs on pairs of the training: all, or 1,000 at equal distances
 * @param heldPairs on the pairs that judge; null if none was held out
 */
public record PreferenceResult(
        @Nullable Judgement judgement,
        PreferenceLoss.Metrics trainingPairs,
        PreferenceLoss.@Nullable Metrics heldPairs) {}
