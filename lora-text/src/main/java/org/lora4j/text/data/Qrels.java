package org.lora4j.text.data;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.metrics.Ranking;

/**
 * Which documents are relevant to which queries, by their names, with a grade for each judgement. A grade of 1 or more is relevant.
 *
 * <table>
 * <caption>The forms of a file, plain or with gzip</caption>
 * <tr><th>form</th><th>a line</th></tr>
 * <tr><td>BEIR</td><td>{@code query-id}, {@code corpus-id} and {@code score} with tabs between them; these names are the first line</td></tr>
 * <tr><td>TREC</td><td>the query, a number that means nothing, the document and the grade, with white space between them</td></tr>
 * </table>
 */
public final class Qrels {
    private static final List<String> HEADER = List.of("query-id", "corpus-id", "score");
    private static final int TREC_VALUES = 4;

    private final Map<String, Map<String, Integer>> grades = new LinkedHashMap<>();

    private Qrels() {}

    /**
     * Takes judgements.
     *
     * @param grades the grades by the name of the document, by the name of the query
     * @return the same
     */
    public static Qrels of(Map<String, Map<String, Integer>> grades) {
        Qrels qrels = new Qrels();
        grades.forEach((query, documents) -> qrels.grades.put(query, new LinkedHashMap<>(documents)));
        return qrels;
    }

    /**
     * Reads a file.
     *
     * @param file a file of BEIR or of TREC
     * @return the judgements
     * @throws TextFormatException if a line has another form, or a document has two grades for a query
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static Qrels read(Path file) {
        Objects.requireNonNull(file, "file must not be null");
        Qrels qrels = new Qrels();
        try (TextLines lines = new TextLines(file, true)) {
            Boolean isBeir = null;
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (line.isBlank()) {
                    continue;
                }
                if (isBeir == null) {
                    isBeir = List.of(line.strip().split("\t", -1)).equals(HEADER);
                    if (isBeir) {
                        continue;
                    }
                }
                qrels.add(line.strip(), isBeir, lines);
            }
        }
        return qrels;
    }

    private void add(String line, boolean isBeir, TextLines lines) {
        String[] values = line.split(isBeir ? "\t" : "\\s+", -1);
        if (values.length != (isBeir ? HEADER.size() : TREC_VALUES)) {
            throw refuse(
                    lines,
                    isBeir
                            ? "a line must have a query, a document and a grade with tabs between them, found "
                                    + values.length + " values"
                            : "a line must have a query, 0, a document and a grade, as in TREC, found " + values.length
                                    + " values; a file of BEIR begins with the line 'query-id', 'corpus-id', 'score', with"
                                    + " tabs between them");
        }
        String query = values[0];
        String document = values[values.length - 2];
        int grade = grade(values[values.length - 1], lines);
        @Nullable
        Integer before =
                grades.computeIfAbsent(query, key -> new LinkedHashMap<>()).putIfAbsent(document, grade);
        if (before != null && before != grade) {
            throw refuse(
                    lines,
                    "a document must have one grade for a query, found " + grade + " and before " + before + " of "
                            + MessageText.quote(document) + " for " + MessageText.quote(query));
        }
    }

    private static int grade(String value, TextLines lines) {
        try {
            return Integer.parseInt(value);
        } catch (NumberFormatException e) {
            throw refuse(lines, "the grade must be a whole number, found " + MessageText.quote(value));
        }
    }

    private static TextFormatException refuse(TextLines lines, String message) {
        return TextFormatException.ofLine(lines.file(), lines.line(), message);
    }

    /**
     * Returns the queries that were judged.
     *
     * @return their names
     */
    public Set<String> queries() {
        return Collections.unmodifiableSet(grades.keySet());
    }

    /**
     * Returns the judgements of a query.
     *
     * @param query its name
     * @return the grades by the name of the document; none if it was not judged
     */
    public Map<String, Integer> grades(String query) {
        return Collections.unmodifiableMap(grades.getOrDefault(query, Map.of()));
    }

    /**
     * Returns the relevant documents of a query.
     *
     * @param query its name
     * @return their names
     */
    public List<String> relevant(String query) {
        return grades(query).entrySet().stream()
                .filter(judged -> Ranking.isRelevant(judged.getValue()))
                .map(Map.Entry::getKey)
                .toList();
    }
}
