package org.lora4j.text.metrics;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.function.IntToDoubleFunction;
import java.util.function.ToDoubleBiFunction;
import java.util.stream.IntStream;

/**
 * How well several labels of a text are predicted, as scikit-learn measures it. A label is predicted if its score is its threshold or
 * more. The other metrics look at the scores alone.
 */
public final class MultiLabelMetrics {
    private final boolean[][] actual;
    private final double[][] scores;
    private final boolean[][] predicted;

    private MultiLabelMetrics(boolean[][] actual, double[][] scores, boolean[][] predicted) {
        this.actual = actual;
        this.scores = scores;
        this.predicted = predicted;
    }

    /**
     * Compares labels with scores.
     *
     * @param actual whether a text has a label, {@code [texts][labels]}, at least one of both
     * @param scores the score of the label, {@code [texts][labels]}
     * @param thresholds from which score on a label is predicted, {@code [labels]}
     * @return the metrics
     * @throws IllegalArgumentException if there is no text or no label, the lengths differ, or a score is NaN
     */
    public static MultiLabelMetrics of(boolean[][] actual, double[][] scores, double[] thresholds) {
        Objects.requireNonNull(actual, "actual must not be null");
        Objects.requireNonNull(scores, "scores must not be null");
        Objects.requireNonNull(thresholds, "thresholds must not be null");
        int labels = thresholds.length;
        if (labels == 0 || actual.length == 0 || actual.length != scores.length) {
            throw new IllegalArgumentException("there must be at least one label, and scores for each of at least one"
                    + " text, found " + labels + " labels, and scores of " + scores.length + " for " + actual.length);
        }
        boolean[][] predicted = new boolean[actual.length][labels];
        for (int i = 0; i < actual.length; i++) {
            if (actual[i].length != labels
                    || scores[i].length != labels
                    || Arrays.stream(scores[i]).anyMatch(Double::isNaN)) {
                throw new IllegalArgumentException(
                        "each text must have " + labels + " labels with scores that are numbers, found "
                                + actual[i].length + " labels and the scores " + Arrays.toString(scores[i])
                                + " of text " + i);
            }
            for (int j = 0; j < labels; j++) {
                predicted[i][j] = scores[i][j] >= thresholds[j];
            }
        }
        return new MultiLabelMetrics(
                Arrays.stream(actual).map(boolean[]::clone).toArray(boolean[][]::new),
                Arrays.stream(scores).map(double[]::clone).toArray(double[][]::new),
                predicted);
    }

    private int labels() {
        return actual[0].length;
    }

    /**
     * Returns the counts of each label.
     *
     * @return in the order of the labels; their sum is the micro average
     */
    public List<PrecisionRecall> byLabel() {
        return IntStream.range(0, labels())
                .mapToObj(j -> counts(column(actual, j), column(predicted, j)))
                .toList();
    }

    /**
     * Returns the counts of each text.
     *
     * @return in the order of the texts; the macro average of them is the sample average
     */
    public List<PrecisionRecall> byText() {
        return IntStream.range(0, actual.length)
                .mapToObj(i -> counts(actual[i], predicted[i]))
                .toList();
    }

    private static PrecisionRecall counts(boolean[] actual, boolean[] predicted) {
        long correct = IntStream.range(0, actual.length)
                .filter(i -> actual[i] && predicted[i])
                .count();
        return new PrecisionRecall(correct, BinaryScores.positives(predicted), BinaryScores.positives(actual));
    }

    /**
     * Returns precision, recall and F1 of all labels together.
     *
     * @return the counts of all labels
     */
    public PrecisionRecall micro() {
        return PrecisionRecall.sum(byLabel());
    }

    /**
     * Returns the means over the labels.
     *
     * @return the means; a label without a text counts as 0
     */
    public MeanPrecisionRecall macro() {
        return MeanPrecisionRecall.macro(byLabel());
    }

    /**
     * Returns the means over the labels, each of which counts as often as texts have it.
     *
     * @return the means
     */
    public MeanPrecisionRecall weighted() {
        return MeanPrecisionRecall.weighted(byLabel());
    }

    /**
     * Returns the means over the texts.
     *
     * @return the means; a text without labels and predictions counts as 0
     */
    public MeanPrecisionRecall samples() {
        return MeanPrecisionRecall.macro(byText());
    }

    /**
     * Returns the average precision of a label: how well its scores sort the texts.
     *
     * @param label the label
     * @return between 0 and 1, see {@link BinaryScores#averagePrecision}
     */
    public double averagePrecision(int label) {
        double[] ofLabel = Arrays.stream(scores).mapToDouble(row -> row[label]).toArray();
        return BinaryScores.averagePrecision(ofLabel, column(actual, label));
    }

    /**
     * Returns the mean over the labels of the average precision.
     *
     * @return between 0 and 1
     */
    public double macroAveragePrecision() {
        return mean(labels(), this::averagePrecision);
    }

    /**
     * Returns the same mean, in which each label counts as often as texts have it.
     *
     * @return between 0 and 1; 0 if no text has a label
     */
    public double weightedAveragePrecision() {
        List<PrecisionRecall> counts = byLabel();
        long all = micro().actual();
        return all == 0
                ? 0
                : mean(labels(), j -> averagePrecision(j) * counts.get(j).actual()) * labels() / all;
    }

    /**
     * Returns the average precision of all labels of all texts in one order.
     *
     * @return between 0 and 1
     */
    public double microAveragePrecision() {
        double[] all = Arrays.stream(scores).flatMapToDouble(Arrays::stream).toArray();
        boolean[] positive = new boolean[all.length];
        for (int i = 0; i < positive.length; i++) {
            positive[i] = actual[i / labels()][i % labels()];
        }
        return BinaryScores.averagePrecision(all, positive);
    }

    /**
     * Returns the mean over the texts of the average precision with which the scores sort the labels.
     *
     * @return between 0 and 1; a text without labels counts as 0
     */
    public double samplesAveragePrecision() {
        return ofTexts(BinaryScores::averagePrecision);
    }

    /**
     * Returns the label ranking average precision (LRAP): as {@link #samplesAveragePrecision}, where a text without any label, and one
     * with all labels, counts as 1, because every order is right.
     *
     * @return between 0 and 1
     * @see <a href="https://doi.org/10.1007/978-0-387-09823-4_34">Tsoumakas, Katakis and Vlahavas 2010: Mining multi-label data</a>
     */
    public double labelRankingAveragePrecision() {
        return ofTexts((row, labels) -> isMixed(labels) ? BinaryScores.averagePrecision(row, labels) : 1);
    }

    /**
     * Returns the share of the pairs of a label that the text has and one that it does not have, in which the second has a score that is
     * equal or greater: the mean over the texts.
     *
     * @return between 0 and 1; a text without any label, and one with all labels, counts as 0
     */
    public double labelRankingLoss() {
        return ofTexts((row, labels) -> {
            if (!isMixed(labels)) {
                return 0;
            }
            long wrong = 0;
            for (int i = 0; i < row.length; i++) {
                for (int j = 0; j < row.length; j++) {
                    wrong += labels[i] && !labels[j] && row[j] >= row[i] ? 1 : 0;
                }
            }
            long positives = BinaryScores.positives(labels);
            return (double) wrong / (positives * (row.length - positives));
        });
    }

    /**
     * Returns how many labels, from the greatest score on, have all labels of a text among them: the mean over the texts. Labels with
     * the score of the last one are among them.
     *
     * @return at least 0; a text without labels counts as 0
     */
    public double coverageError() {
        return ofTexts((row, labels) -> {
            double last = IntStream.range(0, row.length)
                    .filter(j -> labels[j])
                    .mapToDouble(j -> row[j])
                    .min()
                    .orElse(Double.POSITIVE_INFINITY);
            return BinaryScores.positives(labels) == 0
                    ? 0
                    : Arrays.stream(row).filter(score -> score >= last).count();
        });
    }

    /**
     * Returns the share of the texts whose labels are all right (subset accuracy).
     *
     * @return between 0 and 1
     */
    public double exactMatch() {
        return mean(actual.length, i -> Arrays.equals(actual[i], predicted[i]) ? 1 : 0);
    }

    /**
     * Returns the share of the labels of all texts that are wrong.
     *
     * @return between 0 and 1
     */
    public double hammingLoss() {
        return mean(actual.length * labels(), i -> {
            int text = i / labels();
            int label = i % labels();
            return actual[text][label] == predicted[text][label] ? 0 : 1;
        });
    }

    private static boolean isMixed(boolean[] labels) {
        long positives = BinaryScores.positives(labels);
        return positives > 0 && positives < labels.length;
    }

    private double ofTexts(ToDoubleBiFunction<double[], boolean[]> metric) {
        return mean(actual.length, i -> metric.applyAsDouble(scores[i], actual[i]));
    }

    private static double mean(int count, IntToDoubleFunction value) {
        return IntStream.range(0, count).mapToDouble(value).average().orElseThrow();
    }

    private static boolean[] column(boolean[][] rows, int column) {
        boolean[] values = new boolean[rows.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = rows[i][column];
        }
        return values;
    }
}
