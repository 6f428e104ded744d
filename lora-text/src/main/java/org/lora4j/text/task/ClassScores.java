package org.lora4j.text.task;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a classifier gives a text: a value for each of its labels, or a number.
 *
 * @param outputs the labels of the classifier, and what its outputs mean
 * @param values the value of each label, in their order, as {@link Outputs} says
 */
public record ClassScores(Outputs outputs, List<Double> values) {
    /**
     * Copies the list.
     *
     * @param outputs the labels of the classifier
     * @param values the value of each label
     * @throws IllegalArgumentException if there is not one value for each label, or no label
     */
    public ClassScores {
        Objects.requireNonNull(outputs, "outputs must not be null");
        values = List.copyOf(Objects.requireNonNull(values, "values must not be null"));
        int labels = outputs.labels().count();
        if (values.isEmpty() || values.size() != labels) {
            throw new IllegalArgumentException("there must be one value for each label, found " + values.size()
                    + " for the " + labels + " labels " + outputs.labels());
        }
    }

    /**
     * Computes the values.
     *
     * @param outputs the labels of the classifier
     * @param z its outputs for a text, {@code [1, labels]}
     * @return the labels with their values
     * @throws IllegalArgumentException if there is not one output for each label
     */
    public static ClassScores of(Outputs outputs, INDArray z) {
        Objects.requireNonNull(outputs, "outputs must not be null");
        Objects.requireNonNull(z, "z must not be null");
        return new ClassScores(
                outputs,
                Arrays.stream(outputs.values(z.toDoubleVector())).boxed().toList());
    }

    /** Computes the values of each row of outputs {@code [n, labels]}. */
    static List<ClassScores> ofRows(Outputs outputs, INDArray z) {
        return IntStream.range(0, Math.toIntExact(z.size(0)))
                .mapToObj(i -> of(outputs, z.getRow(i, true)))
                .toList();
    }

    /**
     * Returns the labels of the classifier.
     *
     * @return their names
     */
    public Labels labels() {
        return outputs.labels();
    }

    /**
     * Returns the label with the greatest value.
     *
     * @return its name; of equal ones the first
     */
    public String best() {
        return labels().name(bestClass());
    }

    /**
     * Returns the class with the greatest value.
     *
     * @return its index; of equal ones the first
     */
    public int bestClass() {
        return values.indexOf(Collections.max(values));
    }

    /**
     * Returns the labels that the text has.
     *
     * @return of any number of labels those whose value is their threshold or more; of one of several the best one; none for numbers
     */
    public List<String> chosen() {
        return switch (outputs.problem()) {
            case SINGLE_LABEL_CLASSIFICATION -> List.of(best());
            case MULTI_LABEL_CLASSIFICATION ->
                IntStream.range(0, values.size())
                        .filter(i -> values.get(i) >= outputs.thresholds().get(i))
                        .mapToObj(labels()::name)
                        .toList();
            case REGRESSION -> List.of();
        };
    }

    /**
     * Returns the number that the model gives the text.
     *
     * @return its only output
     * @throws IllegalStateException if the values are those of labels, or there are several numbers
     */
    public double number() {
        if (outputs.problem() != ProblemType.REGRESSION || values.size() != 1) {
            throw new IllegalStateException("the model must give a text one number, found " + outputs);
        }
        return values.get(0);
    }
}
