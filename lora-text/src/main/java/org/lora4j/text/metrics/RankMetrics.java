package org.lora4j.text.metrics;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How well the texts that belong to queries come first: means over the queries, see {@link Ranking}.
 *
 * @param queries the number of queries
 * @param texts the number of texts that are sorted
 * @param recallAt1 the share of the right texts that are the first one
 * @param recallAt10 the share of the right texts that are among the first 10
 * @param recallAt100 the share of the right texts that are among the first 100
 * @param precisionAt1 the share of the first texts that are right
 * @param precisionAt10 the share of the first 10 texts that are right
 * @param mrr the mean of 1/rank of the first right text
 * @param map the mean of the average precision
 * @param ndcgAt10 the normalized discounted cumulative gain of the first 10, with the grade as gain
 * @param exponentialNdcgAt10 the same with the gain {@code 2^grade − 1}
 * @param tied the share of the queries in which a right text and another one have the same score
 */
public record RankMetrics(
        int queries,
        int texts,
        double recallAt1,
        double recallAt10,
        double recallAt100,
        double precisionAt1,
        double precisionAt10,
        double mrr,
        double map,
        double ndcgAt10,
        double exponentialNdcgAt10,
        double tied) {
    private static final int TEN = 10;
    private static final int HUNDRED = 100;

    /**
     * Returns the means.
     *
     * @param rankings those of the queries; all means are 0 if there is none
     * @param texts the number of texts that were sorted
     * @return the metrics
     */
    public static RankMetrics of(List<Ranking> rankings, int texts) {
        return new RankMetrics(
                rankings.size(),
                texts,
                mean(rankings, ranking -> ranking.recallAt(1)),
                mean(rankings, ranking -> ranking.recallAt(TEN)),
                mean(rankings, ranking -> ranking.recallAt(HUNDRED)),
                mean(rankings, ranking -> ranking.precisionAt(1)),
                mean(rankings, ranking -> ranking.precisionAt(TEN)),
                mean(rankings, Ranking::reciprocalRank),
                mean(rankings, Ranking::averagePrecision),
                mean(rankings, ranking -> ranking.ndcgAt(TEN, Ranking.Gain.LINEAR)),
                mean(rankings, ranking -> ranking.ndcgAt(TEN, Ranking.Gain.EXPONENTIAL)),
                mean(rankings, ranking -> ranking.isTied() ? 1 : 0));
    }

    private static double mean(List<Ranking> rankings, ToDoubleFunction<Ranking> metric) {
        return rankings.stream().mapToDouble(metric).average().orElse(0);
    }
}
