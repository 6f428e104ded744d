package org.lora4j.cli.retrieval;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.lora4j.cli.measure.WordCounts;
import org.lora4j.text.data.SearchCollection;
import org.lora4j.text.data.SearchText;
import org.lora4j.text.train.SearchRun;

/**
 * What the words alone can find, without any model: BM25 (Robertson and Zaragoza 2009, doi:10.1561/1500000019) with k = 1.2 and b = 0.75.
 * Of n texts, d have a word. In a text of l words, m in the mean, which has this word f times, the word adds to the score, each time that
 * the query has it,
 *
 * <pre>ln(1 + (n − d + 1/2)/(d + 1/2)) · f/(f + k·(1 − b + b·l/m))</pre>
 */
final class Bm25 {
    private static final double K = 1.2;
    private static final double B = 0.75;

    private final Map<String, Integer> textsOfWord = new HashMap<>();
    private final Predicate<String> asked;
    private int texts;
    private long words;

    /** Creates counts of all words. */
    Bm25() {
        this(word -> true);
    }

    private Bm25(Predicate<String> asked) {
        this.asked = asked;
    }

    /** Counts the words of a text. */
    void add(String text) {
        Map<String, Long> counts = WordCounts.of(text);
        counts.keySet().stream().filter(asked).forEach(word -> textsOfWord.merge(word, 1, Integer::sum));
        texts++;
        words += length(counts);
    }

    private static long length(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Returns the score of a text, which need not be one of those that were counted. */
    double score(String query, String text) {
        Map<String, Long> counts = WordCounts.of(text);
        long length = length(counts);
        double score = 0;
        for (Map.Entry<String, Long> asked : WordCounts.of(query).entrySet()) {
            score += asked.getValue() * weight(asked.getKey(), counts.getOrDefault(asked.getKey(), 0L), length);
        }
        return score;
    }

    private double weight(String word, long count, long length) {
        int having = textsOfWord.getOrDefault(word, 0);
        double rarity = Math.log(1 + (texts - having + 0.5) / (having + 0.5));
        return count == 0 ? 0 : rarity * count / (count + K * (1 - B + B * length * texts / words));
    }

    /**
     * Returns what searches in a corpus that is not in memory: only the words of the queries are. The corpus is read once for its counts.
     */
    static SearchRun.Scorer scorer(SearchCollection collection) {
        List<SearchText> queries = collection.queries();
        Map<String, List<Asked>> asked = new HashMap<>();
        for (int q = 0; q < queries.size(); q++) {
            int query = q;
            WordCounts.of(queries.get(q).text())
                    .forEach((word, count) -> asked.computeIfAbsent(word, any -> new ArrayList<>())
                            .add(new Asked(query, count)));
        }
        Bm25 counts = new Bm25(asked::containsKey);
        collection.corpus().forEach(document -> counts.add(document.text()));
        return documents -> {
            double[][] scores = new double[queries.size()][documents.size()];
            for (int d = 0; d < documents.size(); d++) {
                Map<String, Long> words = WordCounts.of(documents.get(d).text());
                long length = length(words);
                int document = d;
                words.forEach((word, count) -> {
                    double weight = counts.weight(word, count, length);
                    asked.getOrDefault(word, List.of())
                            .forEach(one -> scores[one.query()][document] += one.times() * weight);
                });
            }
            return scores;
        };
    }

    /** A query that has a word, so many times. */
    private record Asked(int query, long times) {}

    /** Returns an index of texts, in which a query looks only at texts that have its words. */
    static Index index(List<String> texts) {
        Bm25 counts = new Bm25();
        texts.forEach(counts::add);
        Index index = new Index(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            index.add(i, WordCounts.of(texts.get(i)), counts);
        }
        return index;
    }

    /** The weight of each word in the texts that have it. */
    static final class Index {
        private final int texts;
        private final Map<String, List<Place>> places = new HashMap<>();

        private record Place(int text, double weight) {}

        private Index(int texts) {
            this.texts = texts;
        }

        private void add(int text, Map<String, Long> counts, Bm25 bm25) {
            long length = length(counts);
            counts.forEach((word, count) -> places.computeIfAbsent(word, any -> new ArrayList<>())
                    .add(new Place(text, bm25.weight(word, count, length))));
        }

        /** Returns the score of each text for each query. */
        double[][] scores(List<String> queries) {
            return queries.stream().map(this::scores).toArray(double[][]::new);
        }

        private double[] scores(String query) {
            double[] scores = new double[texts];
            WordCounts.of(query).forEach((word, count) -> {
                for (Place place : places.getOrDefault(word, List.of())) {
                    scores[place.text()] += count * place.weight();
                }
            });
            return scores;
        }
    }
}
