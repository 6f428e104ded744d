package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.lora4j.text.metrics.ExpectedRanking;
import org.lora4j.text.metrics.RankMetrics;

/** Adds up the ranks of queries. */
final class RankSum {
    private static final int TEN = 10;

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

    /** Returns the means. */
    RankedTexts.Ranks ranks(int texts) {
        int queries = reciprocals.size();
        int n = Math.max(1, queries);
        double mrr =
                reciprocals.stream().mapToDouble(Double::doubleValue).average().orElse(0);
        return new RankedTexts.Ranks(
                new RankMetrics(queries, texts, recallAt1 / n, recallAt10 / n, mrr, ndcg / n, (double) tied / n),
                reciprocals);
    }
}
