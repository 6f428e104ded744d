package org.lora4j.text.job;

import java.time.Duration;

/**
 * What the trainings of a service have done since it was built. {@code computing / (computing + waiting)} is the share of the time that
 * they had.
 *
 * @param steps their steps
 * @param tokens the tokens of the batches of these steps, with padding
 * @param computing how long they computed
 * @param waiting how long they waited for requests to end
 */
public record TrainingUse(long steps, long tokens, Duration computing, Duration waiting) {}
