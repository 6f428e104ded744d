package org.lora4j.cli.classify;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.cli.measure.F1;
import org.lora4j.text.metrics.MultiLabelMetrics;
import org.lora4j.text.metrics.PrecisionRecall;
import org.lora4j.text.train.LabelledScores;

/**
 * How well texts get their labels.
 *
 * @param texts the number of texts
 * @param micro precision, recall and F1 of all labels together
 * @param macro the means over the labels
 * @param samples the means over the texts
 * @param averagePrecision how well the probabilities of each label sort the texts: the mean over the labels
 * @param exactMatch the share of the texts whose labels are all right
 * @param labels the metrics of each label
 */
public record LabelMetrics(
        int texts, F1 micro, F1 macro, F1 samples, double averagePrecision, double exactMatch, List<OfLabel> labels) {
    /**
     * The metrics of a label.
     *
     * @param name its name
     * @param texts the number of texts that have it
     * @param threshold from which probability on a text gets it
     * @param f1 how many texts get it rightly
     * @param averagePrecision how well its probabilities sort the texts
     */
    public record OfLabel(String name, long texts, double threshold, F1 f1, double averagePrecision) {}

    /** Measures predictions. */
    static LabelMetrics of(LabelledScores scores) {
        MultiLabelMetrics metrics = scores.metrics();
        List<PrecisionRecall> counts = metrics.byLabel();
        List<OfLabel> labels = new ArrayList<>();
        for (int i = 0; i < counts.size(); i++) {
            labels.add(new OfLabel(
                    scores.outputs().labels().name(i),
                    counts.get(i).actual(),
                    scores.outputs().thresholds().get(i),
                    F1.of(counts.get(i)),
                    metrics.averagePrecision(i)));
        }
        return new LabelMetrics(
                scores.actual().size(),
                F1.of(metrics.micro()),
                F1.of(metrics.macro()),
                F1.of(metrics.samples()),
                metrics.macroAveragePrecision(),
                metrics.exactMatch(),
                labels);
    }
}
