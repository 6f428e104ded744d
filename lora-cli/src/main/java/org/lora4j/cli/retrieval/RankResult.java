package org.lora4j.cli.retrieval;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Comparison;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.measure.PairedDifference;
import org.lora4j.text.metrics.Calibration;

/**
 * What a training reaches on the queries that judge.
 *
 * @param judgement the mean reciprocal rank beside that of the model alone and of chance; null if nothing was measured
 * @param chance all texts in any order, as if their scores were equal; null if nothing was measured
 * @param before the model as it is: a decoder answers itself, and with an encoder the texts are sorted by the similarity of the sentence embeddings; null if nothing was measured
 * @param after the model with the adapter; null if nothing was measured
 * @param calibration how far the scores of pairs are probabilities; null for embeddings
 */
public record RankResult(
        @Nullable Judgement judgement,
        @Nullable RankMetrics chance,
        @Nullable RankMetrics before,
        @Nullable RankMetrics after,
        @Nullable Calibration calibration) {
    /** Returns the result without any query to measure with. */
    static RankResult unmeasured() {
        return new RankResult(null, null, null, null, null);
    }

    /** Compares what was measured on the same queries. */
    static RankResult of(
            Judgement.MeasuredOn on,
            RankMetrics.Queries chance,
            RankMetrics.Queries before,
            RankMetrics.Queries after,
            @Nullable Calibration calibration) {
        return new RankResult(
                new Judgement(
                        on,
                        "query",
                        after.metrics().queries(),
                        Metric.MRR,
                        after.metrics().mrr(),
                        List.of(comparison("the model alone", before, after), comparison("chance", chance, after))),
                chance.metrics(),
                before.metrics(),
                after.metrics(),
                calibration);
    }

    private static Comparison comparison(String baseline, RankMetrics.Queries other, RankMetrics.Queries after) {
        return new Comparison(
                baseline,
                other.metrics().mrr(),
                PairedDifference.ofShares(after.reciprocalRanks(), other.reciprocalRanks()));
    }
}
