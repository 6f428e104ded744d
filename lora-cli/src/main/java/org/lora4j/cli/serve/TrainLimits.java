package org.lora4j.cli.serve;

import java.util.OptionalInt;

/**
 * How much a server trains.
 *
 * @param jobs the most jobs of an owner that have not ended
 * @param tokens the most tokens of an example of a language model
 * @param share how much of the time a training computes while requests run, above 0 and at most 1
 * @param atOnce how many small jobs train at once; empty for what suits the model
 */
public record TrainLimits(int jobs, int tokens, double share, OptionalInt atOnce) {}
