package org.lora4j.text.data;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.lora4j.internal.MessageText;

/** Files of what a search found: {@code query Q0 document rank score tag} in each line, as TREC has them. */
public final class TrecRun {
    private static final int VALUES = 6;

    private TrecRun() {}

    /**
     * Reads a run, plain or packed with gzip. As in trec_eval, the scores alone say the order, not the ranks.
     *
     * @param file the file
     * @return the scores by the name of the document, by the name of the query
     * @throws TextFormatException if a line has another form, a score is no number, or a document stands twice for a query
     * @throws java.io.UncheckedIOException if the file cannot be read
     */
    public static Map<String, Map<String, Double>> read(Path file) {
        Objects.requireNonNull(file, "file must not be null");
        Map<String, Map<String, Double>> scores = new LinkedHashMap<>();
        try (TextLines lines = new TextLines(file, true)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (!line.isBlank()) {
                    add(scores, line.strip().split("\\s+", -1), lines);
                }
            }
        }
        return scores;
    }

    private static void add(Map<String, Map<String, Double>> scores, String[] values, TextLines lines) {
        if (values.length != VALUES) {
            throw refuse(
                    lines,
                    "a line must have a query, Q0, a document, a rank, a score and a tag, found " + values.length
                            + " values");
        }
        Double before = scores.computeIfAbsent(values[0], query -> new LinkedHashMap<>())
                .putIfAbsent(values[2], score(values[4], lines));
        if (before != null) {
            throw refuse(
                    lines,
                    "a document must stand once for a query, found " + MessageText.quote(values[2]) + " again for "
                            + MessageText.quote(values[0]));
        }
    }

    private static double score(String value, TextLines lines) {
        double score = Double.NaN;
        try {
            score = Double.parseDouble(value);
        } catch (NumberFormatException e) {
            // The message below says so.
        }
        if (!Double.isFinite(score)) {
            throw refuse(lines, "the score must be a number, found " + MessageText.quote(value));
        }
        return score;
    }

    private static TextFormatException refuse(TextLines lines, String message) {
        return TextFormatException.ofLine(lines.file(), lines.line(), message);
    }
}
