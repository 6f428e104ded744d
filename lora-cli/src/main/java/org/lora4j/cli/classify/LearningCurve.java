package org.lora4j.cli.classify;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Metric;
import org.lora4j.console.report.ReportText;
import org.lora4j.text.metrics.PairedDifference;
import org.lora4j.text.train.ClassifiedTexts;

/**
 * How much better the frozen model becomes with more texts, which says whether more of them would help.
 *
 * @param points the accuracies, from the fewest texts to all
 * @param lastDoubling how much better it is with all texts than with half of them
 */
public record LearningCurve(List<Point> points, PairedDifference lastDoubling) {
    /**
     * An accuracy.
     *
     * @param texts how many texts were learned
     * @param accuracy the share of right answers
     */
    public record Point(int texts, double accuracy) {}

    /** Returns the curve of predictions by the number of texts that were learned; null if these are too few for a half. */
    static @Nullable LearningCurve of(ClassifiedTexts judging, SortedMap<Integer, List<Integer>> predictions) {
        if (predictions.size() < 2) {
            return null;
        }
        List<Point> points = new ArrayList<>();
        List<List<Double>> right = new ArrayList<>();
        predictions.forEach((texts, predicted) -> {
            ClassifiedTexts one = judging.withPredictions(predicted);
            right.add(one.right());
            points.add(new Point(
                    texts,
                    one.right().stream()
                            .mapToDouble(Double::doubleValue)
                            .average()
                            .orElseThrow()));
        });
        int last = right.size() - 1;
        return new LearningCurve(points, PairedDifference.ofShares(right.get(last), right.get(last - 1)));
    }

    /**
     * Returns what the curve shows.
     *
     * @return a sentence
     */
    @JsonProperty
    public String verdict() {
        String difference = "Twice as many texts changed the accuracy of the frozen model by "
                + Metric.ACCURACY.difference(lastDoubling.difference()) + " points (95 %: "
                + Metric.ACCURACY.interval(lastDoubling) + ")";
        return difference
                + (lastDoubling.isBetter()
                        ? ": more texts would probably help."
                        : ": whether more would help cannot be told from chance.");
    }

    /** Returns the points in a line for the terminal. */
    String line() {
        String texts =
                points.stream().map(point -> ReportText.count(point.texts())).collect(Collectors.joining(", "));
        String accuracies = points.stream()
                .map(point -> Metric.ACCURACY.text(point.accuracy()))
                .collect(Collectors.joining(", "));
        return "frozen model with " + texts + " texts: " + accuracies;
    }
}
