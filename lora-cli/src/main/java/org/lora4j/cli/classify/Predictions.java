package org.lora4j.cli.classify;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.nn.input.Sequences;
import org.lora4j.text.TextClassifier;

/**
 * The most probable class of each text.
 *
 * @param classes the class of each text
 * @param probabilities its probability
 */
public record Predictions(List<Integer> classes, List<Double> probabilities) {
    /**
     * Predicts.
     *
     * @param classifier the classifier
     * @param texts the sequences
     * @return the predictions
     */
    public static Predictions of(TextClassifier classifier, Sequences texts) {
        return of(classifier.probabilities(texts));
    }

    static Predictions of(double[][] probabilities) {
        List<Integer> classes = new ArrayList<>();
        List<Double> best = new ArrayList<>();
        for (double[] row : probabilities) {
            int most = 0;
            for (int c = 1; c < row.length; c++) {
                most = row[c] > row[most] ? c : most;
            }
            classes.add(most);
            best.add(row[most]);
        }
        return new Predictions(classes, best);
    }
}
