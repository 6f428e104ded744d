package org.lora4j.text.task;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.lora4j.internal.math.Softmax;
import org.lora4j.text.data.Labels;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a classifier gives a text: a value for each of its labels. Of several labels, the values are probabilities, whose sum is 1: the
 * softmax of the outputs. The value of a single label is the score {@code 1/(1 + exp(−z))} of its output z, as in a model that compares
 * pairs of texts.
 *
 * @param labels the labels of the classifier
 * @param values the value of each label, in their order
 */
public record ClassScores(Labels labels, List<Double> values) {
    /**
     * Copies the list.
     *
     * @param labels the labels of the classifier
     * @param values the value of each label
     * @throws IllegalArgumentException if there is not one value for each label, or no label
     */
    public ClassScores {
        Objects.requireNonNull(labels, "labels must not be null");
        values = List.copyOf(Objects.requireNonNull(values, "values must not be null"));
        if (values.isEmpty() || values.size() != labels.count()) {
            throw new IllegalArgumentException("there must be one value for each label, found " + values.size()
                    + " for the " + labels.count() + " labels " + labels);
        }
    }

    /**
     * Computes the values.
     *
     * @param labels the labels of the classifier
     * @param outputs its outputs for a text, {@code [1, labels]}
     * @return the labels with their values
     * @throws IllegalArgumentException if there is not one output for each label
     */
    public static ClassScores of(Labels labels, INDArray outputs) {
        Objects.requireNonNull(labels, "labels must not be null");
        Objects.requireNonNull(outputs, "outputs must not be null");
        double[] values = outputs.toDoubleVector();
        if (values.length == 1) {
            values[0] = 1 / (1 + Math.exp(-values[0]));
        } else {
            Softmax.inPlace(values);
        }
        return new ClassScores(labels, Arrays.stream(values).boxed().toList());
    }

    /**
     * Returns the label with the greatest value.
     *
     * @return its name; of equal ones the first
     */
    public String best() {
        return labels.name(bestClass());
    }

    /**
     * Returns the class with the greatest value.
     *
     * @return its index; of equal ones the first
     */
    public int bestClass() {
        return values.indexOf(Collections.max(values));
    }
}
