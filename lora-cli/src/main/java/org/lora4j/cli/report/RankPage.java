package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.lora4j.cli.retrieval.RankMetrics;
import org.lora4j.cli.retrieval.RankResult;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;

/** What is said of embeddings that find texts, and of models that sort texts. */
public final class RankPage extends TaskPage {
    private static final int WIDTH = 29;

    private final TrainingReport<RankResult> report;
    private final boolean reranks;

    private RankPage(TrainingReport<RankResult> report, boolean reranks) {
        this.report = report;
        this.reranks = reranks;
    }

    /**
     * Creates the words for embeddings.
     *
     * @param report the numbers
     * @return the words
     */
    public static RankPage ofRetrieval(TrainingReport<RankResult> report) {
        return new RankPage(report, false);
    }

    /**
     * Creates the words for a cross-encoder.
     *
     * @param report the numbers
     * @return the words
     */
    public static RankPage ofReranking(TrainingReport<RankResult> report) {
        return new RankPage(report, true);
    }

    @Override
    String template() {
        return "rank.ftlh";
    }

    @Override
    Map<String, Object> values() {
        return Map.of("reranks", reranks, "alone", alone(), "before", before());
    }

    @Override
    String headline() {
        return (reranks ? "A cross-encoder on " : "Embeddings for retrieval on ") + report.model();
    }

    @Override
    String lead() {
        return reranks
                ? "An adapter and a head were trained that read a query and a text together, and give them a score."
                : "An adapter was trained with which a query finds the texts that belong to it.";
    }

    /** What measured the model before the training. */
    private String before() {
        if (!reranks) {
            return "Alone";
        }
        return "yes_no".equals(report.settings().get("head"))
                ? "Answers of the frozen decoder"
                : "Cosine of the frozen encoder";
    }

    private String alone() {
        return reranks ? "frozen model alone" : "model alone";
    }

    @Override
    String resultsTitle() {
        return "Results on the validation queries";
    }

    @Override
    String pipeline() {
        return reranks ? "text-ranking" : "sentence-similarity";
    }

    @Override
    String about() {
        return reranks
                ? "A LoRA adapter with a head that gives a query and a text a score: how well they belong together."
                : "A LoRA adapter for sentence embeddings with which a query finds the texts that belong to it.";
    }

    @Override
    Map<String, String> measured() {
        Map<String, String> results = new LinkedHashMap<>();
        RankMetrics after = report.result().after();
        if (after != null) {
            results.put(
                    "recall@1 on " + ReportText.count(after.queries(), "query"),
                    ReportText.fixed(after.recallAt1(), 4));
            results.put("recall@10", ReportText.fixed(after.recallAt10(), 4));
            results.put("MRR", ReportText.fixed(after.mrr(), 4));
            results.put("nDCG@10", ReportText.fixed(after.ndcgAt10(), 4));
        }
        return results;
    }

    @Override
    String use(Path base, Path folder) {
        return reranks
                ? ModelCard.command("predict", base, folder) + " --data pairs.csv --output scores.csv"
                : ModelCard.command("embed", base, folder) + " --data texts.csv --kind DOCUMENT --output vectors.jsonl";
    }

    @Override
    void print(TextOutput out) {
        RankMetrics before = report.result().before();
        RankMetrics after = report.result().after();
        if (before != null && after != null) {
            out.fact("%-" + WIDTH + "s %s", alone() + ":", line(before));
            out.fact("%-" + WIDTH + "s %s", "with the adapter:", line(after));
        }
    }

    /**
     * Returns metrics in a line.
     *
     * @param metrics the metrics
     * @return for the terminal
     */
    public static String line(RankMetrics metrics) {
        return "recall@1 %s, recall@10 %s, MRR %s, nDCG@10 %s"
                .formatted(
                        ReportText.fixed(metrics.recallAt1(), 3),
                        ReportText.fixed(metrics.recallAt10(), 3),
                        ReportText.fixed(metrics.mrr(), 3),
                        ReportText.fixed(metrics.ndcgAt10(), 3));
    }
}
