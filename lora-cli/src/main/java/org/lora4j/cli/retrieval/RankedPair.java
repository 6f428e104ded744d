package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.lora4j.cli.train.Column;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.TextHash;
import org.lora4j.text.data.TextRow;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.tokens.TextPair;

/**
 * A query and a text, and whether they belong together.
 *
 * @param pair the query and the text
 * @param right whether the text belongs to the query
 */
record RankedPair(TextPair pair, boolean right) {
    /**
     * Reads pairs with a label, or triples, of which each has two pairs. All rows of a query are on the same side.
     */
    static DataFile.Parts<RankedPair> read(
            DataFile data, PairColumns columns, DataFile.Visitor<RankedPair> visitor, long seed) throws IOException {
        return data.groupedBy(columns.query())
                .comparedBy(row ->
                        ofRow(row, columns).stream().map(RankedPair::text).collect(Collectors.joining("\n")))
                .read(row -> ofRow(row, columns), visitor, seed);
    }

    private static List<RankedPair> ofRow(TextRow row, PairColumns columns) {
        String query = columns.query().text(row);
        if (columns.passage().isIn(row) && columns.label().isIn(row)) {
            TextPair pair = new TextPair(query, columns.passage().text(row));
            return List.of(new RankedPair(pair, isRight(row, columns.label())));
        }
        if (columns.positive().isIn(row) && columns.negative().isIn(row)) {
            return List.of(
                    new RankedPair(new TextPair(query, columns.positive().text(row)), true),
                    new RankedPair(new TextPair(query, columns.negative().text(row)), false));
        }
        throw row.refuse("must have " + columns.passage() + " and " + columns.label() + ", or " + columns.positive()
                + " and " + columns.negative() + ", found " + row.columns()
                + "; name other columns with --passage and --label, or --positive and --negative");
    }

    /** Returns the query and the text as one text. */
    private String text() {
        return FoundTexts.pair(pair.first(), pair.second());
    }

    /** Returns a query and a text. */
    static TextPair pair(TextRow row, Column query, Column text) {
        return new TextPair(query.text(row), text.text(row));
    }

    private static boolean isRight(TextRow row, Column column) {
        String label = column.label(row);
        return switch (label) {
            case "1", "true" -> true;
            case "0", "false" -> false;
            default -> throw row.refuse(column + " must be 1 or true, or 0 or false, found '" + label + "'");
        };
    }

    /**
     * The texts of each query that has right and wrong ones; only these can be sorted well or badly. A text counts once for its
     * query, however many rows have it, and is right if one of them says so.
     */
    static final class Queries {
        /** For each query, the first pair of each of its texts, and whether the text is right. */
        private final Map<String, Map<Integer, Boolean>> pairs = new LinkedHashMap<>();

        /** Reads the pairs once. */
        static Queries of(List<RankedPair> all) {
            Queries queries = new Queries();
            TextHash hash = new TextHash();
            Map<Long, Integer> first = new HashMap<>();
            for (int i = 0; i < all.size(); i++) {
                RankedPair pair = all.get(i);
                Integer earlier = first.putIfAbsent(hash.of(pair.text()), i);
                queries.pairs
                        .computeIfAbsent(pair.pair().first(), query -> new LinkedHashMap<>())
                        .merge(earlier == null ? i : earlier, pair.right(), Boolean::logicalOr);
            }
            queries.pairs
                    .values()
                    .removeIf(texts -> texts.values().stream().distinct().count() < 2);
            return queries;
        }

        boolean isEmpty() {
            return pairs.isEmpty();
        }

        /** Returns how well scores sort the texts of each query. */
        RankMetrics.Queries rank(double[] scores) {
            RankMetrics.Sum sum = new RankMetrics.Sum();
            int count = 0;
            for (Map<Integer, Boolean> texts : pairs.values()) {
                List<Integer> indices = List.copyOf(texts.keySet());
                Set<Integer> right = IntStream.range(0, indices.size())
                        .filter(k -> texts.get(indices.get(k)))
                        .boxed()
                        .collect(Collectors.toSet());
                sum.add(indices.stream().mapToDouble(i -> scores[i]).toArray(), right);
                count += indices.size();
            }
            return sum.metrics(count);
        }

        /** Returns how well any order sorts them. */
        RankMetrics.Queries chance() {
            int pairsOfAll = 1
                    + pairs.values().stream()
                            .flatMap(texts -> texts.keySet().stream())
                            .mapToInt(Integer::intValue)
                            .max()
                            .orElse(-1);
            return rank(new double[pairsOfAll]);
        }

        /** Returns how far scores between 0 and 1 are the probabilities that a text is right. */
        Calibration calibration(double[] scores) {
            List<Map.Entry<Integer, Boolean>> all = pairs.values().stream()
                    .flatMap(texts -> texts.entrySet().stream())
                    .toList();
            boolean[] right = new boolean[all.size()];
            for (int i = 0; i < right.length; i++) {
                right[i] = all.get(i).getValue();
            }
            return Calibration.of(
                    all.stream().mapToDouble(entry -> scores[entry.getKey()]).toArray(), right, Calibration.BINS);
        }
    }
}
