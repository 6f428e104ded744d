package org.lora4j.cli.retrieval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.lora4j.text.Ranking;

/**
 * How well the texts that belong to a query come first: means over the queries.
 *
 * @param queries the number of queries
 * @param texts the number of texts that are sorted
 * @param recallAt1 the share of the right texts that are the first one
 * @param recallAt10 the share of the right texts that are among the first 10
 * @param mrr the mean of 1/rank of the first right text
 * @param ndcgAt10 the normalized discounted cumulative gain of the first 10
 */
public record RankMetrics(int queries, int texts, double recallAt1, double recallAt10, double mrr, double ndcgAt10) {
    private static final int TEN = 10;

    /** Adds up the metrics of queries. */
    static final class Sum {
        private int queries;
        private double recallAt1;
        private double recallAt10;
        private double reciprocals;
        private double ndcg;

        /** Adds a query with the score of each of its texts. Texts of equal scores are in their order. */
        void add(double[] scores, Set<Integer> right) {
            List<Integer> ranked =
                    new ArrayList<>(IntStream.range(0, scores.length).boxed().toList());
            ranked.sort(Comparator.comparingDouble(i -> -scores[i]));
            queries++;
            recallAt1 += Ranking.recallAt(1, ranked, right);
            recallAt10 += Ranking.recallAt(TEN, ranked, right);
            reciprocals += Ranking.reciprocalRank(ranked, right);
            ndcg += Ranking.ndcgAt(TEN, ranked, right);
        }

        int queries() {
            return queries;
        }

        RankMetrics metrics(int texts) {
            return new RankMetrics(
                    queries, texts, recallAt1 / queries, recallAt10 / queries, reciprocals / queries, ndcg / queries);
        }
    }
}
