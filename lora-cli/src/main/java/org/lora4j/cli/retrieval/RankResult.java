package org.lora4j.cli.retrieval;

import org.jspecify.annotations.Nullable;

/**
 * What a training reaches on the queries of the validation.
 *
 * @param before the model as it is: a decoder answers itself, and with an encoder the texts are sorted by the similarity of the sentence embeddings; null if nothing was measured
 * @param after the encoder with the adapter; null if nothing was measured
 */
public record RankResult(
        @Nullable RankMetrics before, @Nullable RankMetrics after) {}
