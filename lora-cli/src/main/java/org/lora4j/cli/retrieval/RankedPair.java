package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lora4j.cli.train.Column;
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
    static DataFile.Parts<RankedPair> read(
            DataFile data, PairColumns columns, DataFile.Visitor<RankedPair> visitor, long seed) throws IOException {
        return data.groupedBy(columns.query()).read(row -> ofRow(row, columns), visitor, seed);
    }

    private static List<RankedPair> ofRow(TextRow row, PairColumns columns) {
        if (columns.passage().isIn(row) && columns.label().isIn(row)) {
            return List.of(
                    new RankedPair(pair(row, columns.query(), columns.passage()), isRight(row, columns.label())));
        }
        if (columns.positive().isIn(row) && columns.negative().isIn(row)) {
            return List.of(
                    new RankedPair(pair(row, columns.query(), columns.positive()), true),
                    new RankedPair(pair(row, columns.query(), columns.negative()), false));
        }
        throw row.refuse("must have " + columns.passage() + " and " + columns.label() + ", or " + columns.positive()
                + " and " + columns.negative() + ", found " + row.columns()
                + "; name other columns with --passage and --label, or --positive and --negative");
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

    /** The pairs of each query that has right and wrong texts. Only these can be sorted well or badly. */
    static final class Queries {
        private final Map<String, List<Integer>> pairs = new LinkedHashMap<>();
        private final BitSet right = new BitSet();

        /** Reads the pairs once. */
        static Queries of(List<RankedPair> all) {
            Queries queries = new Queries();
            for (int i = 0; i < all.size(); i++) {
                RankedPair pair = all.get(i);
                queries.right.set(i, pair.right());
                queries.pairs
                        .computeIfAbsent(pair.pair().first(), query -> new ArrayList<>())
                        .add(i);
            }
            queries.pairs
                    .values()
                    .removeIf(indices ->
                            indices.stream().map(queries.right::get).distinct().count() < 2);
            return queries;
        }

        boolean isEmpty() {
            return pairs.isEmpty();
        }

        /** Returns how well scores sort the pairs of each query. */
        RankMetrics rank(double[] scores) {
            RankMetrics.Sum sum = new RankMetrics.Sum();
            int texts = 0;
            for (List<Integer> indices : pairs.values()) {
                Set<Integer> belonging = new LinkedHashSet<>();
                for (int k = 0; k < indices.size(); k++) {
                    if (right.get(indices.get(k))) {
                        belonging.add(k);
                    }
                }
                sum.add(indices.stream().mapToDouble(i -> scores[i]).toArray(), belonging);
                texts += indices.size();
            }
            return sum.metrics(texts);
        }
    }
}
