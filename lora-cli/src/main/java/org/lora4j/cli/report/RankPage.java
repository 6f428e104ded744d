package org.lora4j.cli.report;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.Judgement;
import org.lora4j.cli.retrieval.RankMetrics;
import org.lora4j.cli.retrieval.RankResult;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.report.Picture;
import org.lora4j.console.report.ReportText;
import org.lora4j.console.report.TextOutput;
import org.lora4j.text.metrics.Calibration;

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
        return Map.of("reranks", reranks, "before", before());
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
    @Nullable
    Judgement judgement() {
        return report.result().judgement();
    }

    @Override
    Map<String, Picture> charts() {
        return Charts.calibration(report.result().calibration(), "texts that belong to the query");
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
    Map<String, String> numbers() {
        Map<String, String> results = new LinkedHashMap<>();
        RankMetrics after = report.result().after();
        if (after != null) {
            results.put("recall@1", ReportText.fixed(after.recallAt1(), 4));
            results.put("recall@10", ReportText.fixed(after.recallAt10(), 4));
            results.put("nDCG@10", ReportText.fixed(after.ndcgAt10(), 4));
        }
        Calibration calibration = report.result().calibration();
        if (calibration != null) {
            results.put("expected calibration error", ReportText.fixed(calibration.expectedError(), 4));
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
    void printNumbers(TextOutput out) {
        RankMetrics chance = report.result().chance();
        RankMetrics before = report.result().before();
        RankMetrics after = report.result().after();
        if (chance != null && before != null && after != null) {
            out.fact("%-" + WIDTH + "s %s", "chance:", numbers(chance));
            out.fact("%-" + WIDTH + "s %s", alone() + ":", line(before));
            out.fact("%-" + WIDTH + "s %s", "with the adapter:", line(after));
        }
        Calibration calibration = report.result().calibration();
        if (calibration != null) {
            out.fact("expected calibration error %.4f", calibration.expectedError());
        }
    }

    /**
     * Returns metrics in a line.
     *
     * @param metrics the metrics
     * @return for the terminal
     */
    public static String line(RankMetrics metrics) {
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
}
