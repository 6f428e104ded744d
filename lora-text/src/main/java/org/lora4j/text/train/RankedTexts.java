package org.lora4j.text.train;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.metrics.RankMetrics;
import org.lora4j.text.metrics.Ranking;

/**
 * How well a model sorts texts for queries, beside any order.
 *
 * @param found by the scores of the model
 * @param chance in any order, as if all scores were equal
 * @param calibration how far the scores are probabilities; null if they are none, or there is no query
 */
public record RankedTexts(
        Ranks found, Ranks chance, @Nullable Calibration calibration) {
    /**
     * The ranks of the texts that belong to queries.
     *
     * @param metrics the means; all are 0 without a query
     * @param reciprocalRanks 1/rank of the first right text of each query
     * @param ndcgAt10 nDCG of the first 10 texts of each query
     */
    public record Ranks(RankMetrics metrics, List<Double> reciprocalRanks, List<Double> ndcgAt10) {
        /**
         * Copies the lists.
         *
         * @param metrics the means
         * @param reciprocalRanks 1/rank of the first right text of each query
         * @param ndcgAt10 nDCG of the first 10 texts of each query
         */
        public Ranks {
            reciprocalRanks = List.copyOf(reciprocalRanks);
            ndcgAt10 = List.copyOf(ndcgAt10);
        }

        /** Returns the ranks of queries that sort so many texts. */
        static Ranks of(List<Ranking> rankings, int texts) {
            return new Ranks(
                    RankMetrics.of(rankings, texts),
                    rankings.stream().map(Ranking::reciprocalRank).toList(),
                    rankings.stream()
                            .map(ranking -> ranking.ndcgAt(10, Ranking.Gain.LINEAR))
                            .toList());
        }
    }

    /**
     * Returns whether there was something to sort.
     *
     * @return false if no query has right texts among others
     */
    public boolean hasQueries() {
        return found.metrics().queries() > 0;
    }
}
