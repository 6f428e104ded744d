package org.lora4j.cli.retrieval;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.lora4j.text.metrics.ExpectedRanking;

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
        int queries, int texts, double recallAt1, double recallAt10, double mrr, double ndcgAt10, double tied) {
    private static final int TEN = 10;

    /**
     * The metrics, and what they say of each query.
     *
     * @param metrics the means
     * @param reciprocalRanks 1/rank of the first right text of each query
     */
    record Queries(RankMetrics metrics, List<Double> reciprocalRanks) {}

    /** Adds up the metrics of queries. */
    static final class Sum {
        private final List<Double> reciprocals = new ArrayList<>();
        private double recallAt1;
        private double recallAt10;
        private double ndcg;
        private int tied;

        /** Adds a query with the score of each of its texts. */
        void add(double[] scores, Set<Integer> right) {
            ExpectedRanking ranking = ExpectedRanking.of(scores, right);
            reciprocals.add(ranking.reciprocalRank());
            recallAt1 += ranking.recallAt(1);
            recallAt10 += ranking.recallAt(TEN);
            ndcg += ranking.ndcgAt(TEN);
            tied += ranking.isTied() ? 1 : 0;
        }

        Queries metrics(int texts) {
            int n = reciprocals.size();
            RankMetrics metrics = new RankMetrics(
                    n,
                    texts,
                    recallAt1 / n,
                    recallAt10 / n,
                    reciprocals.stream()
                            .mapToDouble(Double::doubleValue)
                            .average()
                            .orElseThrow(),
                    ndcg / n,
                    (double) tied / n);
            return new Queries(metrics, reciprocals);
        }
    }
}
