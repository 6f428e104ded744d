package org.lora4j.cli.classify;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.train.Column;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.tokens.TextPair;

/**
 * Adds what a classifier says of a text to the rows of a file: {@code predicted}, the most probable class, with its {@code probability}; of any
 * number of labels the list of those that the text has, with the {@code probabilities} of all; or the number.
 */
public final class ClassPredictor {
    private ClassPredictor() {}

    /**
     * Predicts.
     *
     * @param classifier the classifier
     * @param file the files
     * @param input the column of the text, or those of a pair
     * @return the number of rows
     * @throws IOException if a file cannot be read or written
     * @throws IllegalArgumentException if a line is wrong
     */
    public static long predict(TextClassifier classifier, RowFile file, InputColumns input) throws IOException {
        Column second = input.pair();
        return second == null
                ? file.copy(input::text, texts -> predict(classifier, classifier.tokens(texts)))
                : file.copy(
                        row -> new TextPair(input.text(row), second.text(row)),
                        pairs -> predict(classifier, classifier.pairs(pairs)));
    }

    private static List<Map<String, Object>> predict(TextClassifier classifier, Sequences tokens) {
        return Arrays.stream(classifier.probabilities(tokens))
                .map(values -> row(new ClassScores(
                        classifier.outputs(), Arrays.stream(values).boxed().toList())))
                .toList();
    }

    private static Map<String, Object> row(ClassScores scores) {
        Map<String, Object> row = new LinkedHashMap<>();
        switch (scores.outputs().problem()) {
            case SINGLE_LABEL_CLASSIFICATION -> {
                row.put("predicted", scores.best());
                row.put("probability", scores.values().get(scores.bestClass()));
            }
            case MULTI_LABEL_CLASSIFICATION -> {
                row.put("predicted", scores.chosen());
                Map<String, Double> probabilities = new LinkedHashMap<>();
                for (int i = 0; i < scores.values().size(); i++) {
                    probabilities.put(scores.labels().name(i), scores.values().get(i));
                }
                row.put("probabilities", probabilities);
            }
            case REGRESSION -> row.put("predicted", scores.values().size() == 1 ? scores.number() : scores.values());
        }
        return row;
    }
}
