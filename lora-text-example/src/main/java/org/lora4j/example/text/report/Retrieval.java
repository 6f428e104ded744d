package org.lora4j.example.text.report;

import java.util.List;

/**
 * How well texts find those that belong to them. The candidates of a text are sorted by their similarity to it; the rank of
 * the one that belongs to it is 1 if it is the most similar.
 *
 * @param texts the number of texts, and of candidates
 * @param recallAt1 the share of texts with rank 1
 * @param recallAt10 the share of texts with a rank of at most 10
 * @param meanReciprocalRank the mean of 1/rank
 */
public record Retrieval(int texts, double recallAt1, double recallAt10, double meanReciprocalRank) {
    /**
     * Computes the shares.
     *
     * @param ranks the rank of each text, from 1
     * @return the result
     */
    public static Retrieval of(List<Integer> ranks) {
        double first = 0;
        double tenth = 0;
        double reciprocals = 0;
        for (int rank : ranks) {
            first += rank == 1 ? 1 : 0;
            tenth += rank <= 10 ? 1 : 0;
            reciprocals += 1.0 / rank;
        }
        return new Retrieval(ranks.size(), first / ranks.size(), tenth / ranks.size(), reciprocals / ranks.size());
    }
}
