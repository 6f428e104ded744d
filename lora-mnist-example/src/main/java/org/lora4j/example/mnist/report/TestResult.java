package org.lora4j.example.mnist.report;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What a network answered on the test images.
 *
 * @param accuracy share of right answers, in [0, 1]
 * @param wrong wrong answers per digit, {@code [10]}
 * @param confusion number of images by {@code [actual][predicted]}, {@code [10][10]}
 */
public record TestResult(double accuracy, List<Integer> wrong, List<List<Integer>> confusion) {

    /** The number of classes. */
    static final int DIGITS = 10;

    /**
     * Checks that the three tell the same.
     *
     * @param accuracy as in the record
     * @param wrong as in the record
     * @param confusion as in the record
     * @throws IllegalArgumentException if a size is not 10, a count is negative, there is no image, or accuracy or wrong
     *     counts do not follow from the confusion matrix
     */
    public TestResult {
        confusion = confusion.stream().map(List::copyOf).toList();
        wrong = List.copyOf(wrong);
        requireCounts(confusion);
        List<Integer> expectedWrong = wrongOf(confusion);
        if (!wrong.equals(expectedWrong)) {
            throw new IllegalArgumentException("wrong must be the confusion matrix's rows without its diagonal, "
                    + expectedWrong + ", found " + wrong);
        }
        double expected = accuracyOf(confusion);
        // Written so that NaN fails too.
        if (!(Math.abs(accuracy - expected) <= 1e-6)) {
            throw new IllegalArgumentException("accuracy must be " + expected + ", found " + accuracy);
        }
    }

    /**
     * Derives accuracy and wrong counts from a confusion matrix.
     *
     * @param confusion number of images by {@code [actual][predicted]}, {@code [10][10]}
     * @return the result
     * @throws IllegalArgumentException if a size is not 10, a count is negative or there is no image
     */
    public static TestResult of(int[][] confusion) {
        List<List<Integer>> rows = Arrays.stream(confusion)
                .map(row -> Arrays.stream(row).boxed().toList())
                .toList();
        requireCounts(rows);
        return new TestResult(accuracyOf(rows), wrongOf(rows), rows);
    }

    /** The number of test images that show the digit. */
    int images(int digit) {
        return sum(confusion.get(digit));
    }

    /**
     * Adds up the confusion matrix.
     *
     * @return the number of test images
     */
    public int images() {
        return confusion.stream().mapToInt(TestResult::sum).sum();
    }

    /**
     * Adds up the wrong counts.
     *
     * @return the number of wrong answers
     */
    public int wrongTotal() {
        return sum(wrong);
    }

    /** How often the network answered the digit, rightly or wrongly. */
    int answered(int digit) {
        return confusion.stream().mapToInt(row -> row.get(digit)).sum();
    }

    private static void requireCounts(List<List<Integer>> confusion) {
        if (confusion.size() != DIGITS || confusion.stream().anyMatch(row -> row.size() != DIGITS)) {
            throw new IllegalArgumentException("confusion must be [10][10], found rows of "
                    + confusion.stream().map(List::size).toList());
        }
        if (confusion.stream().flatMap(List::stream).anyMatch(count -> count < 0)) {
            throw new IllegalArgumentException("confusion must not have negative counts, found " + confusion);
        }
        if (confusion.stream().mapToInt(TestResult::sum).sum() == 0) {
            throw new IllegalArgumentException("confusion must count at least one image");
        }
    }

    private static List<Integer> wrongOf(List<List<Integer>> confusion) {
        return IntStream.range(0, DIGITS)
                .mapToObj(digit ->
                        sum(confusion.get(digit)) - confusion.get(digit).get(digit))
                .toList();
    }

    private static double accuracyOf(List<List<Integer>> confusion) {
        int images = confusion.stream().mapToInt(TestResult::sum).sum();
        return (double) (images - sum(wrongOf(confusion))) / images;
    }

    private static int sum(List<Integer> counts) {
        return counts.stream().mapToInt(Integer::intValue).sum();
    }
}
