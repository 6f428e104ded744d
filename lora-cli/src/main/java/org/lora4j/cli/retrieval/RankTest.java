package org.lora4j.cli.retrieval;

import java.util.List;

/**
 * What a test on a file found.
 *
 * @param metrics the metrics
 * @param skipped what was wrong with lines that were left out
 */
public record RankTest(RankMetrics metrics, List<String> skipped) {}
