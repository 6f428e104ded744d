package org.lora4j.train;

/**
 * How far a model prefers the chosen answers of pairs, beside a reference; see {@link PreferenceLoss#evaluate}. The reward of
 * an answer y is {@code β·(log π(y) − log ref(y))}, with both divided by the number of tokens of y if the loss normalizes lengths.
 *
 * @param pairs the number of pairs
 * @param loss the mean loss
 * @param accuracy the share of the pairs whose chosen answer has the greater reward
 * @param margin the mean of the reward of the chosen answer minus that of the rejected one
 * @param chosenReward the mean reward of the chosen answers
 * @param rejectedReward the mean reward of the rejected answers
 */
public record PreferenceMetrics(
        long pairs, double loss, double accuracy, double margin, double chosenReward, double rejectedReward) {}
