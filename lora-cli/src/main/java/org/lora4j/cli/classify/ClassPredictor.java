package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.train.Column;
import org.lora4j.text.TextClassifier;

/** Adds the most probable class of a text and its probability to the rows of a file: {@code predicted} and {@code probability}. */
public final class ClassPredictor {
    private ClassPredictor() {}

    /**
     * Predicts.
     *
     * @param classifier the classifier
     * @param file the files
     * @param text the column of the text
     * @return the number of rows
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if a line is wrong
     */
    public static long predict(TextClassifier classifier, RowFile file, Column text) throws IOException {
        return file.copy(text::text, texts -> predict(classifier, texts));
    }

    private static List<Map<String, Object>> predict(TextClassifier classifier, List<String> texts) {
        List<Map<String, Object>> rows = new ArrayList<>();
        for (double[] probabilities : classifier.probabilities(classifier.tokens(texts))) {
            int best = 0;
            for (int c = 1; c < probabilities.length; c++) {
                best = probabilities[c] > probabilities[best] ? c : best;
            }
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("predicted", classifier.labels().name(best));
            row.put("probability", probabilities[best]);
            rows.add(row);
        }
        return rows;
    }
}
