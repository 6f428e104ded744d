package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.internal.TextHash;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.metrics.Ranking;
import org.lora4j.text.tokens.TextPair;

/**
 * The texts of each query that has right and wrong ones; only these can be sorted well or badly. A text counts once for its query,
 * however many pairs have it, and is right if one of them says so.
 */
final class LabelledQueries {
    private final TextHash hash = new TextHash();
    private final Map<Long, Integer> first = new HashMap<>();

    /** For each query, the first pair of each of its texts, and whether the text is right. */
    private final Map<String, Map<Integer, Boolean>> pairs = new LinkedHashMap<>();

    private int size;

    /** Adds a pair, whose number is how many were added before. */
    void add(LabelledPair example) {
        TextPair pair = example.pair();
        Integer earlier = first.putIfAbsent(hash.of(pair.first() + '\n' + pair.second()), size);
        pairs.computeIfAbsent(pair.first(), query -> new LinkedHashMap<>())
                .merge(earlier == null ? size : earlier, example.right(), Boolean::logicalOr);
        size++;
    }

    private List<Map<Integer, Boolean>> queries() {
        return pairs.values().stream()
                .filter(texts -> texts.values().stream().distinct().count() > 1)
                .toList();
    }

    /** Returns how well scores, one for each pair, sort the texts of each query. */
    RankedTexts ranked(double[] scores) {
        List<Map<Integer, Boolean>> queries = queries();
        return new RankedTexts(
                ranks(queries, scores), ranks(queries, new double[scores.length]), calibration(queries, scores));
    }

    private static RankedTexts.Ranks ranks(List<Map<Integer, Boolean>> queries, double[] scores) {
        List<Ranking> rankings = new ArrayList<>();
        int count = 0;
        for (Map<Integer, Boolean> texts : queries) {
            double[] ofTexts = new double[texts.size()];
            Map<Integer, Integer> grades = new HashMap<>();
            for (Map.Entry<Integer, Boolean> text : texts.entrySet()) {
                ofTexts[grades.size()] = scores[text.getKey()];
                grades.put(grades.size(), text.getValue() ? 1 : 0);
            }
            rankings.add(Ranking.expected(ofTexts, grades));
            count += ofTexts.length;
        }
        return RankedTexts.Ranks.of(rankings, count);
    }

    /** Returns how far scores are the probabilities that a text is right; null if they are none. */
    private static @Nullable Calibration calibration(List<Map<Integer, Boolean>> queries, double[] scores) {
        List<Map.Entry<Integer, Boolean>> all =
                queries.stream().flatMap(texts -> texts.entrySet().stream()).toList();
        double[] ofTexts =
                all.stream().mapToDouble(entry -> scores[entry.getKey()]).toArray();
        if (all.isEmpty() || IntStream.range(0, ofTexts.length).anyMatch(i -> !(ofTexts[i] >= 0 && ofTexts[i] <= 1))) {
            return null;
        }
        boolean[] right = new boolean[all.size()];
        for (int i = 0; i < right.length; i++) {
            right[i] = all.get(i).getValue();
        }
        return Calibration.of(ofTexts, right, Calibration.BINS);
    }
}
