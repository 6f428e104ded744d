package org.lora4j.text.metrics;

/**
 * How well the texts that belong to a query come first: means over the queries. Texts of equal scores have no order, see {@link
 * ExpectedRanking}.
 *
 * @param queries the number of queries
 * @param texts the number of texts that are sorted
 * @param recallAt1 the share of the right texts that are the first one
 * @param recallAt10 the share of the right texts that are among the first 10
 * @param mrr the mean of 1/rank of the first right text
 * @param ndcgAt10 the normalized discounted cumulative gain of the first 10
 * @param tied the share of the queries in which a right text and another one have the same score
 */
public record RankMetrics(
        int queries, int texts, double recallAt1, double recallAt10, double mrr, double ndcgAt10, double tied) {}
