package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.Examples;
import org.lora4j.text.data.TextRow;

/**
 * Queries, each with a text that belongs to it, and for a file of triples one that does not.
 *
 * @param query the query
 * @param positive the text that belongs to it
 * @param negative the text that does not; null in a file of pairs
 */
record FoundTexts(String query, String positive, @Nullable String negative) {
    /**
     * Reads pairs, or triples if the first row has the column of negatives. All rows of a query are on the same side.
     *
     * @param visitor sees each of them
     */
    static DataFile.Parts<FoundTexts> read(DataFile data, PairColumns columns, Consumer<FoundTexts> visitor, long seed)
            throws IOException {
        boolean triples;
        try (Stream<TextRow> rows = data.rows().stream()) {
            triples = rows.findFirst().filter(columns.negative()::isIn).isPresent();
        }
        return data.groupedBy(columns.query())
                .comparedBy(row -> of(row, columns, triples).content())
                .read(row -> List.of(of(row, columns, triples)), (examples, part) -> examples.forEach(visitor), seed);
    }

    private static FoundTexts of(TextRow row, PairColumns columns, boolean triples) {
        return new FoundTexts(
                columns.query().text(row),
                columns.positive().text(row),
                triples ? columns.negative().text(row) : null);
    }

    /** Returns all texts as one. */
    private String content() {
        String pair = pair(query, positive);
        return negative == null ? pair : pair(pair, negative);
    }

    /** Returns a query and a text as one text. */
    static String pair(String query, String text) {
        return query + '\n' + text;
    }

    /** The texts of some examples, each once, and which of them belong to each query. */
    record Collection(List<String> texts, Map<String, Set<Integer>> right) {
        /** A search sorts all texts for each query, so it takes 10,000 examples of many, at equal distances in the file. */
        private static final int MOST_EXAMPLES = 10_000;

        static Collection of(List<FoundTexts> examples) {
            Map<String, Integer> ids = new LinkedHashMap<>();
            Map<String, Set<Integer>> right = new LinkedHashMap<>();
            for (int i : Examples.sample(examples.size(), MOST_EXAMPLES)) {
                FoundTexts example = examples.get(i);
                int id = ids.computeIfAbsent(example.positive(), text -> ids.size());
                right.computeIfAbsent(example.query(), query -> new LinkedHashSet<>())
                        .add(id);
                if (example.negative() != null) {
                    ids.computeIfAbsent(example.negative(), text -> ids.size());
                }
            }
            return new Collection(new ArrayList<>(ids.keySet()), right);
        }
    }
}
