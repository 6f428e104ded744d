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
        Predictions predictions = Predictions.of(classifier, classifier.tokens(texts));
        List<Map<String, Object>> rows = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("predicted", classifier.labels().name(predictions.classes().get(i)));
            row.put("probability", predictions.probabilities().get(i));
            rows.add(row);
        }
        return rows;
    }
}
