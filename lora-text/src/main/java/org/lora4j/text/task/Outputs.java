package org.lora4j.text.task;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import org.lora4j.internal.math.Softmax;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;
import org.lora4j.text.internal.Json;

/**
 * How the outputs z of a classifier are read: {@code id2label}, {@code problem_type} and {@code thresholds} of {@code config.json} and
 * {@code task.json}. A text has
 *
 * <ul>
 *   <li>one of several labels: the values are {@code softmax(z)}, and the label is the one with the greatest value. Of a single label, the
 *       value is {@code 1/(1 + exp(−z))};
 *   <li>any number of labels: the value of each is {@code 1/(1 + exp(−z))}, and the text has those whose value is their threshold or more;
 *   <li>numbers: the values are the outputs.
 * </ul>
 *
 * @param labels the name of each output
 * @param problem what the outputs mean
 * @param thresholds from which value on a text has a label, for each label; empty if a text does not have any number of labels
 */
public record Outputs(Labels labels, ProblemType problem, List<Double> thresholds) {
    /** The threshold of a label for which no other was chosen. */
    public static final double THRESHOLD = 0.5;

    private static final String CONFIG = "config.json";
    private static final String PROBLEM = "problem_type";
    private static final String THRESHOLDS = "thresholds";

    /**
     * Checks the thresholds.
     *
     * @param labels the name of each output
     * @param problem what the outputs mean
     * @param thresholds the threshold of each label
     * @throws IllegalArgumentException if there is not one threshold between 0 and 1 for each of any number of labels, or there is one for
     *     something else
     */
    public Outputs {
        Objects.requireNonNull(labels, "labels must not be null");
        Objects.requireNonNull(problem, "problem must not be null");
        thresholds = List.copyOf(Objects.requireNonNull(thresholds, "thresholds must not be null"));
        int expected = problem == ProblemType.MULTI_LABEL_CLASSIFICATION ? labels.count() : 0;
        if (thresholds.size() != expected) {
            throw new IllegalArgumentException(THRESHOLDS + " must be " + expected + " numbers for " + problem.text()
                    + " with the labels " + labels + ", found " + thresholds.size());
        }
        for (double threshold : thresholds) {
            if (!(threshold >= 0 && threshold <= 1)) {
                throw new IllegalArgumentException(THRESHOLDS + " must be numbers between 0 and 1, found " + threshold);
            }
        }
    }

    /**
     * Returns outputs with thresholds of 0.5, if they have some.
     *
     * @param labels the name of each output
     * @param problem what the outputs mean
     */
    public Outputs(Labels labels, ProblemType problem) {
        this(
                labels,
                problem,
                problem == ProblemType.MULTI_LABEL_CLASSIFICATION
                        ? Collections.nCopies(labels.count(), THRESHOLD)
                        : List.of());
    }

    /**
     * Returns those of a classifier that gives a text one of its labels.
     *
     * @param labels the labels
     * @return the outputs
     */
    public static Outputs oneOf(Labels labels) {
        return new Outputs(labels, ProblemType.SINGLE_LABEL_CLASSIFICATION);
    }

    /**
     * Returns those of a classifier that gives a text any number of its labels.
     *
     * @param labels the labels
     * @return the outputs, with thresholds of 0.5
     */
    public static Outputs anyOf(Labels labels) {
        return new Outputs(labels, ProblemType.MULTI_LABEL_CLASSIFICATION);
    }

    /**
     * Returns that of a model that gives a text a number.
     *
     * @param name what the number is
     * @return the output
     */
    public static Outputs number(String name) {
        return new Outputs(Labels.of(List.of(name)), ProblemType.REGRESSION);
    }

    /**
     * Reads what {@code config.json} says of a classifier.
     *
     * @param source the files of the model
     * @param count how many outputs it has
     * @return what the file says, if it names as many outputs; otherwise their names are those of {@link Labels#numbered}
     * @throws IOException if the file cannot be read
     * @throws IllegalArgumentException as {@link #parse}
     */
    public static Outputs read(ModelSource source, long count) throws IOException {
        Outputs said = read(source);
        return said.labels.count() == count ? said : new Outputs(Labels.numbered(Math.toIntExact(count)), said.problem);
    }

    /** Reads what {@code config.json} says; there may be no labels. */
    static Outputs read(ModelSource source) throws IOException {
        Labels labels = Labels.read(source);
        ObjectNode config = Objects.requireNonNull(Json.readIfExists(source, CONFIG));
        return parse(labels, config);
    }

    /**
     * Reads the fields of a file.
     *
     * @param json an object, such as the content of {@code task.json}
     * @return the outputs; one of several labels if {@code problem_type} is not there
     * @throws IllegalArgumentException as {@link Labels#parse}, or if another field is wrong
     */
    static Outputs parse(ObjectNode json) {
        return parse(Labels.parse(json.toString()), json);
    }

    private static Outputs parse(Labels labels, ObjectNode json) {
        JsonNode name = json.path(PROBLEM);
        ProblemType problem = name.isMissingNode() || name.isNull()
                ? ProblemType.SINGLE_LABEL_CLASSIFICATION
                : ProblemType.of(name.asText());
        JsonNode thresholds = json.path(THRESHOLDS);
        if (thresholds.isMissingNode()) {
            return new Outputs(labels, problem);
        }
        List<Double> numbers = new ArrayList<>();
        for (JsonNode threshold : thresholds) {
            if (!threshold.isNumber()) {
                throw new IllegalArgumentException(
                        THRESHOLDS + " must be numbers between 0 and 1, found " + Json.describe(threshold));
            }
            numbers.add(threshold.doubleValue());
        }
        if (!thresholds.isArray()) {
            throw new IllegalArgumentException(
                    THRESHOLDS + " must be a list of numbers, found " + Json.describe(thresholds));
        }
        return new Outputs(labels, problem, numbers);
    }

    /** Writes the fields that {@link #parse} reads. One of several labels is what a file without {@code problem_type} means. */
    void write(ObjectNode json) {
        TaskJson.write(labels, json);
        json.remove(List.of(PROBLEM, THRESHOLDS));
        if (problem != ProblemType.SINGLE_LABEL_CLASSIFICATION) {
            json.put(PROBLEM, problem.text());
        }
        if (!thresholds.isEmpty()) {
            thresholds.forEach(json.putArray(THRESHOLDS)::add);
        }
    }

    /**
     * Returns the same outputs with other thresholds.
     *
     * @param others the threshold of each label
     * @return the outputs
     * @throws IllegalArgumentException as the constructor
     */
    public Outputs withThresholds(List<Double> others) {
        return new Outputs(labels, problem, others);
    }

    /**
     * Computes the values of the labels.
     *
     * @param z the outputs for a text, one for each label
     * @return the value of each label
     */
    public double[] values(double... z) {
        double[] values = z.clone();
        if (problem == ProblemType.SINGLE_LABEL_CLASSIFICATION && values.length > 1) {
            Softmax.inPlace(values);
        } else if (problem != ProblemType.REGRESSION) {
            for (int i = 0; i < values.length; i++) {
                values[i] = 1 / (1 + Math.exp(-values[i]));
            }
        }
        return values;
    }

    @Override
    public String toString() {
        return labels + " (" + problem.text() + ")";
    }
}
