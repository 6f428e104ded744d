package org.lora4j.example.mnist.report;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.example.mnist.data.MnistData;

/**
 * The predictions of a network for the test images, counted.
 *
 * @param accuracy the share of right predictions, in [0, 1]
 * @param wrong the number of wrong predictions for each digit, {@code [10]}
 * @param confusion the number of images by {@code [actual][predicted]} digit, {@code [10][10]}
 */
public record TestResult(double accuracy, List<Integer> wrong, List<List<Integer>> confusion) {

    static final int DIGITS = MnistData.CLASSES;

    /**
     * Checks that accuracy and wrong counts follow from the confusion matrix.
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
     * @param confusion the number of images by {@code [actual][predicted]} digit, {@code [10][10]}
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

    /** Returns the number of test images that show the digit. */
    int images(int digit) {
        return sum(confusion.get(digit));
    }

    /**
     * Counts all images.
     *
     * @return the number of test images
     */
    public int images() {
        return confusion.stream().mapToInt(TestResult::sum).sum();
    }

    /**
     * Counts the wrong predictions for all digits.
     *
     * @return the number of wrong predictions
     */
    public int wrongTotal() {
        return sum(wrong);
    }

    /** Returns how often the network predicted the digit, rightly or wrongly. */
    int predicted(int digit) {
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
