package org.lora4j.example.support.report;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The predictions of a classifier for the test examples, counted.
 *
 * @param accuracy the share of right predictions, in [0, 1]
 * @param wrong the number of wrong predictions for each actual class, {@code [n]}
 * @param confusion the number of examples by {@code [actual][predicted]} class, {@code [n][n]}
 */
public record TestResult(double accuracy, List<Integer> wrong, List<List<Integer>> confusion) {

    /**
     * Checks that accuracy and wrong counts follow from the confusion matrix.
     *
     * @throws IllegalArgumentException if it is not square, a count is negative, there is no example, or accuracy or wrong
     *     counts do not follow from the confusion matrix
     */
    public TestResult {
        confusion = confusion.stream().map(List::copyOf).toList();
        wrong = List.copyOf(wrong);
        requireCounts(confusion);
        List<Integer> expectedWrong = wrongOf(confusion);
        if (!wrong.equals(expectedWrong)) {
            throw new IllegalArgumentException(
                    "wrong must be the sums of the confusion matrix's rows without the diagonal, " + expectedWrong
                            + ", found " + wrong);
        }
        double expected = accuracyOf(confusion);
        // NaN fails too.
        if (!(Math.abs(accuracy - expected) <= 1e-6)) {
            throw new IllegalArgumentException("accuracy must be " + expected + ", found " + accuracy);
        }
    }

    /**
     * Computes accuracy and wrong counts from a confusion matrix.
     *
     * @param confusion the number of examples by {@code [actual][predicted]} class, {@code [n][n]}
     * @throws IllegalArgumentException if it is not square, a count is negative or there is no example
     */
    public static TestResult of(int[][] confusion) {
        List<List<Integer>> rows = Arrays.stream(confusion)
                .map(row -> Arrays.stream(row).boxed().toList())
                .toList();
        requireCounts(rows);
        return new TestResult(accuracyOf(rows), wrongOf(rows), rows);
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
        return sum(wrong);
    }

    /** Counts how often a class was predicted, rightly or wrongly. */
    public int predicted(int predicted) {
        return confusion.stream().mapToInt(row -> row.get(predicted)).sum();
    }

    /** Counts the classes. */
    public int classes() {
        return wrong.size();
    }

    /**
     * Returns the greatest number of examples of one class that were predicted as one other class.
     *
     * @return the greatest number off the diagonal
     */
    public int mostErrors() {
        int most = 0;
        for (int actual = 0; actual < classes(); actual++) {
            for (int predicted = 0; predicted < classes(); predicted++) {
                if (actual != predicted) {
                    most = Math.max(most, confusion.get(actual).get(predicted));
                }
            }
        }
        return most;
    }

    private static void requireCounts(List<List<Integer>> confusion) {
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

    private static List<Integer> wrongOf(List<List<Integer>> confusion) {
        return IntStream.range(0, confusion.size())
                .mapToObj(i -> sum(confusion.get(i)) - confusion.get(i).get(i))
                .toList();
    }

    private static double accuracyOf(List<List<Integer>> confusion) {
        int examples = confusion.stream().mapToInt(TestResult::sum).sum();
        return (double) (examples - sum(wrongOf(confusion))) / examples;
    }

    private static int sum(List<Integer> counts) {
        return counts.stream().mapToInt(Integer::intValue).sum();
    }
}
