package org.lora4j.console.report;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The predictions of a classifier for the test examples, counted. In JSON, accuracy and wrong counts stand beside the matrix from
 * which they follow.
 *
 * @param confusion the number of examples by {@code [actual][predicted]} class, {@code [n][n]}
 */
@JsonPropertyOrder({"accuracy", "wrong", "confusion"})
@JsonIgnoreProperties(
        value = {"accuracy", "wrong"},
        allowGetters = true)
public record TestResult(List<List<Integer>> confusion) {
    /**
     * Checks the counts.
     *
     * @throws IllegalArgumentException if the matrix is not square, a count is negative or there is no example
     */
    public TestResult {
        confusion = confusion.stream().map(List::copyOf).toList();
        int classes = confusion.size();
        if (confusion.stream().anyMatch(row -> row.size() != classes)) {
            throw new IllegalArgumentException("confusion must be square, found " + classes + " rows of "
                    + confusion.stream().map(List::size).toList());
        }
        if (confusion.stream().flatMap(List::stream).anyMatch(count -> count < 0)) {
            throw new IllegalArgumentException("confusion must not have negative counts, found " + confusion);
        }
        if (confusion.stream().mapToInt(TestResult::sum).sum() == 0) {
            throw new IllegalArgumentException("confusion must count at least one example");
        }
    }

    /**
     * Takes the counts from arrays.
     *
     * @param confusion the number of examples by {@code [actual][predicted]} class, {@code [n][n]}
     * @throws IllegalArgumentException if it is not square, a count is negative or there is no example
     */
    public static TestResult of(int[][] confusion) {
        return new TestResult(Arrays.stream(confusion)
                .map(row -> Arrays.stream(row).boxed().toList())
                .toList());
    }

    /** Returns the share of right predictions, in [0, 1]. */
    @JsonProperty
    public double accuracy() {
        return (double) (examples() - wrongTotal()) / examples();
    }

    /** Returns the number of wrong predictions for each actual class, {@code [n]}. */
    @JsonProperty
    public List<Integer> wrong() {
        return IntStream.range(0, classes())
                .mapToObj(i -> examples(i) - confusion.get(i).get(i))
                .toList();
    }

    /**
     * Counts the examples of a class.
     *
     * @return the number of test examples of it
     */
    public int examples(int actual) {
        return sum(confusion.get(actual));
    }

    /** Counts all examples. */
    public int examples() {
        return confusion.stream().mapToInt(TestResult::sum).sum();
    }

    /** Counts the wrong predictions for all classes. */
    public int wrongTotal() {
        return sum(wrong());
    }

    /** Counts the classes. */
    public int classes() {
        return confusion.size();
    }

    /**
     * Returns the greatest number of examples of one class that were predicted as one other class.
     *
     * @return the greatest number off the diagonal
     */
    public int mostErrors() {
        int classes = classes();
        return IntStream.range(0, classes * classes)
                .filter(i -> i / classes != i % classes)
                .map(i -> confusion.get(i / classes).get(i % classes))
                .max()
                .orElse(0);
    }

    private static int sum(List<Integer> counts) {
        return counts.stream().mapToInt(Integer::intValue).sum();
    }
}
