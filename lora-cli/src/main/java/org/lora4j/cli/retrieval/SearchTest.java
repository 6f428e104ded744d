package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.measure.Metric;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.SearchCollection;
import org.lora4j.text.data.TrecRun;
import org.lora4j.text.metrics.RankMetrics;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.train.RankedTexts;
import org.lora4j.text.train.SearchRun;
import org.lora4j.text.train.TrainableEmbed;

/**
 * What a search in a corpus found.
 *
 * @param collection what was searched, and what was left out
 * @param metrics the metrics
 * @param before those of the model without its adapter; null without an adapter, and for a reranker
 * @param candidates those of the documents that a reranker sorted, in the order that they had; null for embeddings
 * @param words those of the words alone, by BM25
 * @param judgement nDCG@10 of the adapter beside that of the model alone, or of the candidates, and of BM25; null without an adapter
 */
public record SearchTest(
        SearchCollection.Size collection,
        RankMetrics metrics,
        @Nullable RankMetrics before,
        @Nullable RankMetrics candidates,
        RankMetrics words,
        @Nullable Judgement judgement) {
    /** What an adapter of embeddings is compared with. */
    static final String MODEL = "the model alone";

    /**
     * Tests embeddings.
     *
     * @param files the model, and its adapter if there is one
     * @param search the corpus, the queries and the judgements
     * @param asked what replaces what the model and the adapter say
     * @return the metrics
     * @throws IOException if a file cannot be read or written, or the adapter does not fit
     * @throws IllegalArgumentException if a line is wrong
     */
    public static SearchTest ofEmbeddings(AdaptedModel files, SearchFiles search, TaskSettings asked)
            throws IOException {
        SearchCollection collection = search.open();
        try (EmbeddingModel opened = EmbeddingModel.open(files, asked)) {
            TrainableEmbed task = opened.measuring();
            SearchRun run = task.search(opened.with(files.adapter()), collection, search.depth());
            search.write(run);
            RankedTexts.Ranks found = run.ranks();
            RankedTexts.Ranks words = words(collection, search);
            if (files.adapter() == null) {
                return new SearchTest(collection.size(), found.metrics(), null, null, words.metrics(), null);
            }
            RankedTexts.Ranks alone =
                    task.search(opened.network(), collection, search.depth()).ranks();
            return new SearchTest(
                    collection.size(),
                    found.metrics(),
                    alone.metrics(),
                    null,
                    words.metrics(),
                    judgement(MODEL, alone, words, found));
        }
    }

    /**
     * Tests a reranker on what another search found.
     *
     * @param files the model, and its adapter if there is one
     * @param search the corpus, the queries and the judgements
     * @param candidates the run of the other search
     * @return the metrics
     * @throws IOException if a file cannot be read or written, or the adapter does not fit
     * @throws IllegalArgumentException if a line is wrong
     */
    public static SearchTest ofReranker(AdaptedModel files, SearchFiles search, Path candidates) throws IOException {
        SearchCollection collection = search.open();
        if (!Files.exists(candidates)) {
            throw new FileSystemException(candidates.toString(), null, "there is no such file");
        }
        SearchRun first = SearchRun.of(collection, search.depth(), TrecRun.read(candidates));
        try (TextClassifier classifier = RerankTask.open(files)) {
            SearchRun run = classifier.trainableScores().search(classifier.model(), collection, first, search.depth());
            search.write(run);
            RankedTexts.Ranks words = words(collection, search);
            return new SearchTest(
                    collection.size(),
                    run.ranks().metrics(),
                    null,
                    first.ranks().metrics(),
                    words.metrics(),
                    files.adapter() == null ? null : judgement("the candidates", first.ranks(), words, run.ranks()));
        }
    }

    /** Searches with the words alone. */
    static RankedTexts.Ranks words(SearchCollection collection, SearchFiles search) {
        return SearchRun.of(collection, search.depth(), Bm25.scorer(collection)).ranks();
    }

    /** Compares what the adapter finds with what others find for the same queries. */
    static Judgement judgement(
            String name, RankedTexts.Ranks alone, RankedTexts.Ranks words, RankedTexts.Ranks adapter) {
        Map<String, List<Double>> baselines = new LinkedHashMap<>();
        baselines.put(name, alone.ndcgAt10());
        baselines.put("BM25", words.ndcgAt10());
        return Judgement.ofShares(Judgement.MeasuredOn.TEST, "query", Metric.NDCG, adapter.ndcgAt10(), baselines);
    }

    /** Returns what was left out, in a line; empty if nothing was. */
    static String leftOut(SearchCollection.Size size) {
        List<String> parts = new ArrayList<>();
        add(parts, size.notJudged(), "query", "that was not judged", "that were not judged");
        add(parts, size.withoutRelevant(), "query", "without a relevant document in the corpus", null);
        add(parts, size.withoutText(), "judged query", "that is not in --queries", "that are not in --queries");
        String left = parts.isEmpty() ? "" : "left out: " + ReportText.list(parts);
        if (size.missingDocuments() == 0) {
            return left;
        }
        String missing = ReportText.count(size.missingDocuments(), "relevant document")
                + (size.missingDocuments() == 1 ? " is" : " are") + " not in the corpus, and "
                + (size.missingDocuments() == 1 ? "counts" : "count") + " as not found";
        return left.isEmpty() ? missing : left + "; " + missing;
    }

    private static void add(List<String> parts, int count, String noun, String one, @Nullable String many) {
        if (count > 0) {
            parts.add(ReportText.count(count, noun) + " " + (count == 1 || many == null ? one : many));
        }
    }

    /** Returns metrics in a line for the terminal. */
    static String line(RankMetrics metrics) {
        String tied = metrics.tied() == 0
                ? ""
                : "; in %s of the queries a relevant document has the same score as another one, and the greater name is the first, as in trec_eval"
                        .formatted(ReportText.percent(metrics.tied()));
        return "nDCG@10 %s (gain 2^grade - 1: %s), MAP %s, MRR %s, recall@10 %s, recall@100 %s, precision@10 %s%s"
                .formatted(
                        ReportText.fixed(metrics.ndcgAt10(), 4),
                        ReportText.fixed(metrics.exponentialNdcgAt10(), 4),
                        ReportText.fixed(metrics.map(), 4),
                        ReportText.fixed(metrics.mrr(), 4),
                        ReportText.fixed(metrics.recallAt10(), 4),
                        ReportText.fixed(metrics.recallAt100(), 4),
                        ReportText.fixed(metrics.precisionAt10(), 4),
                        tied);
    }

    /**
     * Prints the metrics.
     *
     * @param out the terminal
     */
    public void print(TextOutput out) {
        out.line(
                "%s, %s: %s",
                ReportText.count(metrics.queries(), "query"),
                ReportText.count(metrics.texts(), "document"),
                line(metrics));
        if (before != null) {
            out.fact("%-13s %s", "model alone:", line(before));
        }
        if (candidates != null) {
            out.fact("%-13s %s", "candidates:", line(candidates));
        }
        out.fact("%-13s %s", "BM25:", line(words));
        String left = leftOut(collection);
        if (!left.isEmpty()) {
            out.fact("%s", left);
        }
        if (judgement != null) {
            judgement.results().forEach((name, value) -> out.fact("%s: %s", name, value));
        }
    }
}
