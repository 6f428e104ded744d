package org.lora4j.text.train;

import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.text.data.Labels;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.metrics.Classification;

/**
 * What a classifier says of texts whose classes are known.
 *
 * @param labels the names of the classes
 * @param actual the class of each text
 * @param predicted the most probable class of each text
 * @param probabilities the probability of that class; may be empty for a classifier without probabilities
 */
public record ClassifiedTexts(
        Labels labels, List<Integer> actual, List<Integer> predicted, List<Double> probabilities) {
    /**
     * Copies the lists.
     *
     * @param labels the names of the classes
     * @param actual the class of each text
     * @param predicted the most probable class of each text
     * @param probabilities the probability of that class
     * @throws IllegalArgumentException if there is not one prediction for each text
     */
    public ClassifiedTexts {
        actual = List.copyOf(actual);
        predicted = List.copyOf(predicted);
        probabilities = List.copyOf(probabilities);
        boolean fit = probabilities.isEmpty() || probabilities.size() == actual.size();
        if (predicted.size() != actual.size() || !fit) {
            throw new IllegalArgumentException("there must be one prediction for each of the " + actual.size()
                    + " texts, found " + predicted.size() + " with " + probabilities.size() + " probabilities");
        }
    }

    /**
     * Returns the same texts as another classifier sees them.
     *
     * @param others the class that it predicts for each text
     * @return its predictions, without probabilities
     */
    public ClassifiedTexts withPredictions(List<Integer> others) {
        return new ClassifiedTexts(labels, actual, others, List.of());
    }

    /**
     * Returns whether a prediction is right.
     *
     * @param text the number of the text
     * @return true if the text is of the predicted class
     */
    public boolean isRight(int text) {
        return actual.get(text).equals(predicted.get(text));
    }

    /**
     * Returns what was right.
     *
     * @return 1 for each right prediction and 0 for each other
     */
    public List<Double> right() {
        return IntStream.range(0, actual.size())
                .mapToObj(i -> isRight(i) ? 1.0 : 0.0)
                .toList();
    }

    /**
     * Returns the metrics.
     *
     * @return accuracy, precision, recall and F1
     * @throws IllegalArgumentException if there is no text
     */
    public Classification classification() {
        return Classification.of(ints(actual), ints(predicted), labels.count());
    }

    /**
     * Returns how far the probabilities are right.
     *
     * @return the shares of right predictions by probability
     * @throws IllegalArgumentException if there is no probability
     */
    public Calibration calibration() {
        boolean[] isRight = new boolean[actual.size()];
        for (int i = 0; i < isRight.length; i++) {
            isRight[i] = isRight(i);
        }
        return Calibration.of(
                probabilities.stream().mapToDouble(Double::doubleValue).toArray(), isRight, Calibration.BINS);
    }

    private static int[] ints(List<Integer> values) {
        return values.stream().mapToInt(Integer::intValue).toArray();
    }
}
