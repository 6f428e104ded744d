package org.lora4j.cli.retrieval;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.cli.report.Charts;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.data.SearchCollection;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.metrics.RankMetrics;
import org.lora4j.text.train.RankedTexts;

/**
 * What a training reaches on the queries that judge.
 *
 * @param judgement the mean reciprocal rank, or nDCG@10 of a search in a corpus, beside that of the model alone, of BM25 and of chance;
 *     null if nothing was measured
 * @param collection the corpus that was searched, and what was left out; null if the texts of the examples were sorted
 * @param chance all texts in any order, as if their scores were equal; null for a corpus, or if nothing was measured
 * @param before the model as it is: a decoder answers itself, and with an encoder the texts are sorted by the similarity of the sentence embeddings; null if nothing was measured
 * @param words the words alone, by BM25; null if nothing was measured
 * @param after the model with the adapter; null if nothing was measured
 * @param calibration how far the scores of pairs are probabilities; null for embeddings
 */
public record RankResult(
        @Nullable Judgement judgement,
        SearchCollection.@Nullable Size collection,
        @Nullable RankMetrics chance,
        @Nullable RankMetrics before,
        @Nullable RankMetrics words,
        @Nullable RankMetrics after,
        @Nullable Calibration calibration)
        implements TaskResult {
    /** Returns the result without any query to measure with. */
    static RankResult unmeasured() {
        return new RankResult(null, null, null, null, null, null, null);
    }

    /** Compares what was measured on the same queries. */
    static RankResult of(Judgement.MeasuredOn on, RankedTexts before, RankedTexts words, RankedTexts after) {
        Map<String, List<Double>> baselines = new LinkedHashMap<>();
        baselines.put("the model alone", before.found().reciprocalRanks());
        baselines.put("BM25", words.found().reciprocalRanks());
        baselines.put("chance", after.chance().reciprocalRanks());
        return new RankResult(
                Judgement.ofShares(on, "query", Metric.MRR, after.found().reciprocalRanks(), baselines),
                null,
                after.chance().metrics(),
                before.found().metrics(),
                words.found().metrics(),
                after.found().metrics(),
                after.calibration());
    }

    /** Compares what was found in a corpus for the same queries. */
    static RankResult ofSearch(
            SearchCollection.Size collection,
            RankedTexts.Ranks before,
            RankedTexts.Ranks words,
            RankedTexts.Ranks after) {
        return new RankResult(
                SearchTest.judgement(SearchTest.MODEL, before, words, after),
                collection,
                null,
                before.metrics(),
                words.metrics(),
                after.metrics(),
                null);
    }

    /**
     * Returns what was left out of a corpus.
     *
     * @return a sentence without its end; empty if nothing was
     */
    public String leftOut() {
        return collection == null ? "" : SearchTest.leftOut(collection);
    }

    @Override
    public Map<String, String> numbers() {
        Map<String, String> numbers = new LinkedHashMap<>();
        if (after != null) {
            numbers.put("recall@1", ReportText.fixed(after.recallAt1(), 4));
            numbers.put("recall@10", ReportText.fixed(after.recallAt10(), 4));
            numbers.put("MRR", ReportText.fixed(after.mrr(), 4));
            numbers.put("MAP", ReportText.fixed(after.map(), 4));
            numbers.put("nDCG@10", ReportText.fixed(after.ndcgAt10(), 4));
        }
        if (calibration != null) {
            numbers.put("expected calibration error", ReportText.fixed(calibration.expectedError(), 4));
        }
        return numbers;
    }

    @Override
    public void print(TextOutput out) {
        if (before != null && words != null && after != null) {
            String alone = calibration == null ? "model alone:" : "frozen model alone:";
            if (chance != null) {
                out.fact("%-29s %s", "chance:", numbers(chance));
            }
            Function<RankMetrics, String> form = collection == null ? RankResult::line : SearchTest::line;
            out.fact("%-29s %s", "BM25:", form.apply(words));
            out.fact("%-29s %s", alone, form.apply(before));
            out.fact("%-29s %s", "with the adapter:", form.apply(after));
        }
        if (!leftOut().isEmpty()) {
            out.fact("%s", leftOut());
        }
        if (calibration != null) {
            out.fact("expected calibration error %.4f", calibration.expectedError());
        }
    }

    /** Returns metrics in a line for the terminal. */
    static String line(RankMetrics metrics) {
        String tied = metrics.tied() == 0
                ? ""
                : "; in %s of the queries a right text has the same score as another one, and the expected rank counts"
                        .formatted(ReportText.percent(metrics.tied()));
        return numbers(metrics) + tied;
    }

    private static String numbers(RankMetrics metrics) {
        return "recall@1 %s, recall@10 %s, MRR %s, nDCG@10 %s"
                .formatted(
                        ReportText.fixed(metrics.recallAt1(), 3),
                        ReportText.fixed(metrics.recallAt10(), 3),
                        ReportText.fixed(metrics.mrr(), 3),
                        ReportText.fixed(metrics.ndcgAt10(), 3));
    }

    @Override
    public Map<String, Picture> charts() {
        return Charts.calibration(calibration, "texts that belong to the query");
    }
}
