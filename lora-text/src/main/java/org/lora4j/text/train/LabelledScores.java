package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.lora4j.text.metrics.MultiLabelMetrics;
import org.lora4j.text.task.Outputs;

/**
 * What a classifier says of texts whose labels are known.
 *
 * @param outputs the labels with their thresholds
 * @param actual whether each text has each label
 * @param scores the probability of each label of each text
 */
public record LabelledScores(Outputs outputs, List<List<Boolean>> actual, List<List<Double>> scores) {
    /**
     * Copies the lists.
     *
     * @param outputs the labels with their thresholds
     * @param actual whether each text has each label
     * @param scores the probability of each label of each text
     * @throws IllegalArgumentException if there are not as many texts with scores as with labels
     */
    public LabelledScores {
        Objects.requireNonNull(outputs, "outputs must not be null");
        actual = List.copyOf(actual);
        scores = List.copyOf(scores);
        if (actual.size() != scores.size()) {
            throw new IllegalArgumentException("there must be scores for each of the " + actual.size()
                    + " texts, found some for " + scores.size());
        }
    }

    /**
     * Returns the same scores with other thresholds.
     *
     * @param thresholds the threshold of each label
     * @return the scores
     */
    public LabelledScores withThresholds(List<Double> thresholds) {
        return new LabelledScores(outputs.withThresholds(thresholds), actual, scores);
    }

    /**
     * Returns what always the same labels are worth.
     *
     * @param labels whether each label is given
     * @return the same texts with the score 1 for these labels, and 0 for the others
     */
    public LabelledScores always(List<Boolean> labels) {
        List<Double> row = labels.stream().map(has -> has ? 1.0 : 0.0).toList();
        return new LabelledScores(outputs, actual, Collections.nCopies(actual.size(), row))
                .withThresholds(Collections.nCopies(labels.size(), Outputs.THRESHOLD));
    }

    /**
     * Returns the metrics.
     *
     * @return micro, macro and sample F1, and average precision
     * @throws IllegalArgumentException if there is no text
     */
    public MultiLabelMetrics metrics() {
        int labels = outputs.labels().count();
        boolean[][] has = new boolean[actual.size()][labels];
        double[][] values = new double[actual.size()][];
        for (int i = 0; i < has.length; i++) {
            for (int j = 0; j < labels; j++) {
                has[i][j] = actual.get(i).get(j);
            }
            values[i] = scores.get(i).stream().mapToDouble(Double::doubleValue).toArray();
        }
        return MultiLabelMetrics.of(
                has,
                values,
                outputs.thresholds().stream().mapToDouble(Double::doubleValue).toArray());
    }

    /**
     * Returns the thresholds with which each label has the greatest F1 on these texts. Each lies in the middle between two scores; of equal ones
     * it is the nearest to 0.5.
     *
     * @return a threshold for each label; 0.5 for one that no text has
     */
    public List<Double> bestThresholds() {
        return IntStream.range(0, outputs.labels().count())
                .mapToObj(this::bestThreshold)
                .toList();
    }

    private double bestThreshold(int label) {
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, scores.size()).boxed().toList());
        order.sort(Comparator.comparing((Integer i) -> scores.get(i).get(label)).reversed());
        long all = actual.stream().filter(row -> row.get(label)).count();
        long correct = 0;
        double best = Outputs.THRESHOLD;
        double bestF1 = 0;
        for (int predicted = 1; predicted <= order.size(); predicted++) {
            correct += actual.get(order.get(predicted - 1)).get(label) ? 1 : 0;
            double last = scores.get(order.get(predicted - 1)).get(label);
            boolean isAll = predicted == order.size();
            double next = isAll ? 0 : scores.get(order.get(predicted)).get(label);
            if (next == last && !isAll) {
                continue;
            }
            boolean isMiddle = next < Outputs.THRESHOLD && Outputs.THRESHOLD <= last;
            double threshold = isMiddle ? Outputs.THRESHOLD : (last + next) / 2;
            double f1 = 2.0 * correct / (predicted + all);
            boolean isNearer = Math.abs(threshold - Outputs.THRESHOLD) < Math.abs(best - Outputs.THRESHOLD);
            if (f1 > bestF1 || (f1 == bestF1 && f1 > 0 && isNearer)) {
                bestF1 = f1;
                best = threshold;
            }
        }
        return best;
    }
}
