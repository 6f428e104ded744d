package org.lora4j.text.train;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.lora4j.text.data.Qrels;
import org.lora4j.text.data.SearchCollection;
import org.lora4j.text.data.SearchText;
import org.lora4j.text.metrics.Ranking;

/**
 * The best documents of each query, and their scores: a run of TREC. Equal scores are ordered as trec_eval orders them, the greater name
 * first. trec_eval reads scores in single precision, so these are.
 */
public final class SearchRun {
    /** How many documents of a query are kept mostly, as in BEIR and TREC. */
    public static final int DEPTH = 1000;

    /** About 700 MB. */
    private static final long MOST_KEPT = 20_000_000;

    /** Scores that are computed at a time: 32 MB. */
    private static final int SCORES = 4_000_000;

    private static final int FEWEST_DOCUMENTS = 32;
    private static final int MOST_DOCUMENTS = 1024;

    /** What separates a run that others made from ours. */
    private static final String TAG = "lora4j";

    /** From the best to the worst. */
    private static final Comparator<Found> ORDER =
            Comparator.comparing(Found::score).thenComparing(Found::document).reversed();

    private record Found(String document, float score) {}

    /** Gives documents a score for each query. */
    @FunctionalInterface
    public interface Scorer {
        /**
         * Computes scores.
         *
         * @param documents some documents of the corpus
         * @return a score for each, {@code [queries][documents]}, of which a greater one is better; −∞ if it is not found
         */
        double[][] scores(List<SearchText> documents);
    }

    private final Map<String, Map<String, Double>> scores;
    private final Map<String, Ranking> rankings;
    private final int documents;

    private SearchRun(Map<String, Map<String, Double>> scores, Qrels qrels, int documents) {
        this.scores = scores;
        this.documents = documents;
        rankings = new LinkedHashMap<>();
        scores.forEach((query, found) -> rankings.put(query, Ranking.byName(found, qrels.grades(query))));
    }

    /**
     * Searches for all queries in all documents, exactly. The corpus is read in blocks: the memory has the scores of one block, at most 4
     * million, and the best documents of each query.
     *
     * @param collection the queries and the documents
     * @param depth how many documents of each query are kept, at least 1
     * @param scorer gives documents a score
     * @return the best documents
     * @throws IllegalArgumentException if more than 20 million documents would be kept, or a score is NaN
     */
    public static SearchRun of(SearchCollection collection, int depth, Scorer scorer) {
        List<SearchText> queries = collection.queries();
        if (depth < 1 || (long) depth * queries.size() > MOST_KEPT) {
            throw new IllegalArgumentException("the depth must be at least 1, and at most " + MOST_KEPT
                    + " documents may be kept for all queries, found a depth of " + depth + " for " + queries.size()
                    + " queries");
        }
        List<PriorityQueue<Found>> best = new ArrayList<>();
        queries.forEach(query -> best.add(new PriorityQueue<>(ORDER.reversed())));
        int size = Math.max(FEWEST_DOCUMENTS, Math.min(MOST_DOCUMENTS, SCORES / queries.size()));
        for (List<SearchText> some : collection.corpus().batches(size)) {
            double[][] block = scorer.scores(some);
            for (int q = 0; q < block.length; q++) {
                for (int d = 0; d < some.size(); d++) {
                    keep(best.get(q), some.get(d).id(), score(block[q][d]), depth);
                }
            }
        }
        Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
        for (int q = 0; q < queries.size(); q++) {
            scores.put(queries.get(q).id(), sorted(best.get(q)));
        }
        return new SearchRun(scores, collection.qrels(), collection.size().documents());
    }

    /**
     * Takes what another search found, such as the candidates of a reranker.
     *
     * @param collection the queries and the documents
     * @param depth how many documents of each query are kept, at least 1
     * @param found the scores by the name of the document, by the name of the query; other queries are left out
     * @return the best documents
     * @throws IllegalArgumentException if the depth is below 1, or a score is NaN
     */
    public static SearchRun of(SearchCollection collection, int depth, Map<String, Map<String, Double>> found) {
        if (depth < 1) {
            throw new IllegalArgumentException("the depth must be at least 1, found " + depth);
        }
        Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
        for (SearchText query : collection.queries()) {
            PriorityQueue<Found> best = new PriorityQueue<>(ORDER.reversed());
            found.getOrDefault(query.id(), Map.of())
                    .forEach((document, score) -> keep(best, document, score(score), depth));
            scores.put(query.id(), sorted(best));
        }
        return new SearchRun(scores, collection.qrels(), collection.size().documents());
    }

    private static Map<String, Double> sorted(PriorityQueue<Found> best) {
        Map<String, Double> scores = new LinkedHashMap<>();
        best.stream().sorted(ORDER).forEach(found -> scores.put(found.document(), (double) found.score()));
        return scores;
    }

    private static float score(double score) {
        if (Double.isNaN(score)) {
            throw new IllegalArgumentException("the scores must be numbers, found NaN");
        }
        // The sum is 0 for −0, which is equal to it.
        return (float) score + 0.0f;
    }

    private static void keep(PriorityQueue<Found> best, String document, float score, int depth) {
        Found worst = best.size() < depth ? null : best.peek();
        if (score == Float.NEGATIVE_INFINITY || (worst != null && score < worst.score())) {
            return;
        }
        best.add(new Found(document, score));
        if (best.size() > depth) {
            best.poll();
        }
    }

    /**
     * Returns the documents that were found for a query.
     *
     * @param query its name
     * @return the scores by the names of the documents, the best first; none for another query
     */
    public Map<String, Double> scores(String query) {
        return Collections.unmodifiableMap(scores.getOrDefault(query, Map.of()));
    }

    /**
     * Returns how well the relevant documents come first, by the rules of trec_eval.
     *
     * @return the ranks of the queries
     */
    public RankedTexts.Ranks ranks() {
        return RankedTexts.Ranks.of(List.copyOf(rankings.values()), documents);
    }

    /**
     * Writes the run as trec_eval reads it: {@code query Q0 document rank score tag} in each line.
     *
     * @param to where
     * @throws IOException if it cannot be written
     */
    public void write(Appendable to) throws IOException {
        for (Map.Entry<String, Map<String, Double>> query : scores.entrySet()) {
            int rank = 1;
            for (Map.Entry<String, Double> found : query.getValue().entrySet()) {
                String score = Float.toString(found.getValue().floatValue());
                to.append(String.join(" ", query.getKey(), "Q0", found.getKey(), String.valueOf(rank++), score, TAG))
                        .append('\n');
            }
        }
    }
}
