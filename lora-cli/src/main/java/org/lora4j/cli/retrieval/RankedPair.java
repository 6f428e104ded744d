package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.cli.train.DataFile;
import org.lora4j.text.TextPair;
import org.lora4j.text.TextRow;

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
    static DataFile.Parts<RankedPair> read(DataFile data, Columns columns, long seed) throws IOException {
        DataFile.Parts<List<RankedPair>> rows = data.groupedBy(columns.query()).read(row -> ofRow(row, columns), seed);
        return new DataFile.Parts<>(all(rows.train()), all(rows.validation()), rows.skipped());
    }

    private static List<RankedPair> all(List<List<RankedPair>> rows) {
        return rows.stream().flatMap(List::stream).toList();
    }

    private static List<RankedPair> ofRow(TextRow row, Columns columns) {
        List<String> found = row.columns();
        String query = columns.query();
        if (found.contains(columns.passage()) && found.contains(columns.label())) {
            return List.of(new RankedPair(row.pair(query, columns.passage()), isRight(row, columns.label())));
        }
        if (found.contains(columns.positive()) && found.contains(columns.negative())) {
            return List.of(
                    new RankedPair(row.pair(query, columns.positive()), true),
                    new RankedPair(row.pair(query, columns.negative()), false));
        }
        throw row.refuse("must have " + columns.passage() + " and " + columns.label() + ", or " + columns.positive()
                + " and " + columns.negative() + ", found " + found);
    }

    private static boolean isRight(TextRow row, String column) {
        String label = row.label(column);
        return switch (label) {
            case "1", "true" -> true;
            case "0", "false" -> false;
            default -> throw row.refuse(column + " must be 1 or true, or 0 or false, found '" + label + "'");
        };
    }

    /** Returns the indices of the pairs of each query that has right and wrong texts. Only these can be sorted well or badly. */
    static Map<String, List<Integer>> byQuery(List<RankedPair> pairs) {
        Map<String, List<Integer>> queries = new LinkedHashMap<>();
        for (int i = 0; i < pairs.size(); i++) {
            queries.computeIfAbsent(pairs.get(i).pair().first(), query -> new ArrayList<>())
                    .add(i);
        }
        queries.values()
                .removeIf(indices -> indices.stream()
                                .map(i -> pairs.get(i).right())
                                .distinct()
                                .count()
                        < 2);
        return queries;
    }

    /** Returns how well scores sort the pairs of each query. */
    static RankMetrics rank(List<RankedPair> pairs, double[] scores) {
        RankMetrics.Sum sum = new RankMetrics.Sum();
        int texts = 0;
        for (List<Integer> indices : byQuery(pairs).values()) {
            Set<Integer> right = new LinkedHashSet<>();
            for (int k = 0; k < indices.size(); k++) {
                if (pairs.get(indices.get(k)).right()) {
                    right.add(k);
                }
            }
            sum.add(indices.stream().mapToDouble(i -> scores[i]).toArray(), right);
            texts += indices.size();
        }
        return sum.metrics(texts);
    }
}
