package org.lora4j.cli.retrieval;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.train.DataFile;
import org.lora4j.console.report.ReportText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.data.RetrievalExample;
import org.lora4j.text.metrics.Calibration;
import org.lora4j.text.metrics.RankMetrics;
import org.lora4j.text.task.TaskSettings;
import org.lora4j.text.train.RankedTexts;

/**
 * What a test on a file found.
 *
 * @param metrics the metrics
 * @param calibration how far the scores of pairs are probabilities; null for embeddings
 * @param skipped what was wrong with lines that were left out
 */
public record RankTest(RankMetrics metrics, @Nullable Calibration calibration, List<String> skipped) {
    private RankTest(RankedTexts texts, List<String> skipped) {
        this(texts.found().metrics(), texts.calibration(), skipped);
    }

    /**
     * Tests embeddings on pairs or triples.
     *
     * @param files the model, and its adapter if there is one
     * @param data the file
     * @param columns the columns
     * @param asked what replaces what the model and the adapter say
     * @return the metrics
     * @throws IOException if a file cannot be read, or the adapter does not fit
     */
    public static RankTest ofEmbeddings(AdaptedModel files, DataFile data, PairColumns columns, TaskSettings asked)
            throws IOException {
        try (EmbeddingModel opened = EmbeddingModel.open(files, asked);
                DataFile.Divided<RetrievalExample> texts =
                        columns.readFound(data, columns.areTriples(data), example -> {}, 0)) {
            return new RankTest(
                    opened.measuring().measure(opened.with(files.adapter()), RetrieveTask.sample(texts.train())),
                    texts.pass().skipped());
        }
    }

    /**
     * Tests the scores of a reranker on pairs with a label, or on triples.
     *
     * @param files the model, and its adapter if there is one
     * @param data the file
     * @param columns the columns
     * @return the metrics
     * @throws IOException if a file cannot be read, the adapter does not fit, or no query has right and wrong texts
     */
    public static RankTest ofReranker(AdaptedModel files, DataFile data, PairColumns columns) throws IOException {
        try (TextClassifier classifier = RerankTask.open(files);
                DataFile.Divided<LabelledPair> pairs = columns.readLabelled(data, (examples, part) -> {}, 0)) {
            RankedTexts texts = classifier.trainableScores().measure(classifier.model(), pairs.train());
            if (!texts.hasQueries()) {
                throw new IOException(data.file()
                        + ": at least one query must have texts that belong to it and texts that do not, found none");
            }
            return new RankTest(texts, pairs.pass().skipped());
        }
    }

    /**
     * Returns the metrics in a line.
     *
     * @return for the terminal
     */
    public String line() {
        return ReportText.count(metrics.queries(), "query") + ", " + ReportText.count(metrics.texts(), "text") + ": "
                + RankResult.line(metrics);
    }
}
