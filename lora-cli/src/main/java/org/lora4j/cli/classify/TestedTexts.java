package org.lora4j.cli.classify;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.metrics.Calibration;

/**
 * What a classifier says of texts whose classes are known.
 *
 * @param actual the class of each text
 * @param predicted the most probable class
 * @param probabilities its probability
 */
record TestedTexts(List<Integer> actual, List<Integer> predicted, List<Double> probabilities) {
    /** Tests a classifier. */
    static TestedTexts of(TextClassifier classifier, TokenizedTexts texts) {
        TestedTexts tested = new TestedTexts(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        texts.forEach(some -> {
            Predictions predictions = Predictions.of(classifier, some.sequences());
            tested.actual.addAll(some.classes());
            tested.predicted.addAll(predictions.classes());
            tested.probabilities.addAll(predictions.probabilities());
        });
        return tested;
    }

    ClassMetrics metrics(TextClassifier classifier) {
        return ClassMetrics.of(classifier.labels(), actual, predicted);
    }

    Calibration calibration() {
        boolean[] isRight = new boolean[actual.size()];
        for (int i = 0; i < isRight.length; i++) {
            isRight[i] = actual.get(i).equals(predicted.get(i));
        }
        return Calibration.of(
                probabilities.stream().mapToDouble(Double::doubleValue).toArray(), isRight, Calibration.BINS);
    }

    /** Returns 1 for each right prediction and 0 for each other. */
    static List<Double> right(List<Integer> actual, List<Integer> predicted) {
        List<Double> right = new ArrayList<>();
        for (int i = 0; i < actual.size(); i++) {
            right.add(actual.get(i).equals(predicted.get(i)) ? 1.0 : 0.0);
        }
        return right;
    }
}
