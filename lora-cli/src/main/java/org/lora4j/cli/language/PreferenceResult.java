package org.lora4j.cli.language;

import org.jspecify.annotations.Nullable;
import org.lora4j.train.PreferenceMetrics;

/**
 * How far the trained adapter prefers the chosen answers, beside the reference.
 *
 * @param trainingPairs on pairs of the training: all, or 1,000 at equal distances
 * @param validationPairs on the pairs of the validation; null without a validation
 */
public record PreferenceResult(
        PreferenceMetrics trainingPairs, @Nullable PreferenceMetrics validationPairs) {}
