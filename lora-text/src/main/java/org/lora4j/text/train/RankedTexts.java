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
     */
    public record Ranks(RankMetrics metrics, List<Double> reciprocalRanks) {
        /**
         * Copies the list.
         *
         * @param metrics the means
         * @param reciprocalRanks 1/rank of the first right text of each query
         */
        public Ranks {
            reciprocalRanks = List.copyOf(reciprocalRanks);
        }

        /** Returns the ranks of queries that sort so many texts. */
        static Ranks of(List<Ranking> rankings, int texts) {
            return new Ranks(
                    RankMetrics.of(rankings, texts),
                    rankings.stream().map(Ranking::reciprocalRank).toList());
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
