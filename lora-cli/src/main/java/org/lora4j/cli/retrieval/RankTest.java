package org.lora4j.cli.retrieval;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.metrics.Calibration;

/**
 * What a test on a file found.
 *
 * @param metrics the metrics
 * @param calibration how far the scores of pairs are probabilities; null for embeddings
 * @param skipped what was wrong with lines that were left out
 */
public record RankTest(RankMetrics metrics, @Nullable Calibration calibration, List<String> skipped) {}
