package org.lora4j.cli.classify;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lora4j.text.metrics.Classification;
import org.lora4j.text.train.ClassifiedTexts;

/**
 * How well texts are classified.
 *
 * @param texts the number of texts
 * @param accuracy the share of right predictions
 * @param macroF1 the mean of F1 over the classes that occur
 * @param classes the metrics of each class
 * @param confusion the number of texts by {@code [actual][predicted]} class
 */
public record ClassMetrics(
        int texts, double accuracy, double macroF1, List<OfClass> classes, List<List<Integer>> confusion) {
    /**
     * The metrics of a class.
     *
     * @param name its name
     * @param texts the number of its texts
     * @param precision how many of those that are predicted as it are of it
     * @param recall how many of its texts are predicted as it
     * @param f1 the harmonic mean of both
     */
    public record OfClass(String name, int texts, double precision, double recall, double f1) {}

    /**
     * Measures predictions.
     *
     * @param texts the texts with their predictions
     * @return the metrics
     */
    static ClassMetrics of(ClassifiedTexts texts) {
        Classification classification = texts.classification();
        List<List<Integer>> confusion = Arrays.stream(classification.confusion())
                .map(row -> Arrays.stream(row).mapToObj(Math::toIntExact).toList())
                .toList();
        List<OfClass> classes = new ArrayList<>();
        for (int c = 0; c < texts.labels().count(); c++) {
            classes.add(new OfClass(
                    texts.labels().name(c),
                    confusion.get(c).stream().mapToInt(Integer::intValue).sum(),
                    classification.precision(c),
                    classification.recall(c),
                    classification.f1(c)));
        }
        return new ClassMetrics(
                texts.actual().size(), classification.accuracy(), classification.macroF1(), classes, confusion);
    }
}
