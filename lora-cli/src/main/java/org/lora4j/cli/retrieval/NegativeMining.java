package org.lora4j.cli.retrieval;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.file.RowFile;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.train.DataFile;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.internal.StrictJson;
import org.lora4j.nn.Model;
import org.lora4j.nn.layer.Normalize;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.data.Dataset;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.data.TextFormatException;
import org.lora4j.text.task.Embed;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.train.TrainableEmbed;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/** Writes a file of triples: pairs of a query and a text, and texts that a model finds for the query and that do not belong to it. */
public final class NegativeMining {
    private static final int QUERIES_AT_A_TIME = 32;
    private static final int PAIRS_AT_A_TIME = 32;

    /** From this score on, a reranker says that a text belongs to the query. */
    private static final double RIGHT = 0.5;

    private final EmbeddingModel opened;
    private final TrainableEmbed task;
    private final Model model;
    private final PairColumns columns;

    /** The texts of all rows, each once. */
    private final List<String> texts;

    /** The texts that belong to each query, by their numbers. */
    private final Map<String, Set<Integer>> positives;

    /** Says which texts are right after all; null if nothing does. */
    private final @Nullable TextClassifier reranker;

    /**
     * What was written.
     *
     * @param output the file
     * @param rows the triples
     * @param queries the queries of the pairs
     * @param texts the texts of the rows, each once
     * @param positiveScore the mean similarity of a query and a text that belongs to it
     * @param negativeScore the mean similarity of a query and a negative; 0 if there is none
     * @param excluded how many texts each setting excluded, by its name
     * @param incomplete how many queries got fewer negatives than were asked for
     * @param skipped what was wrong with lines that were left out
     */
    public record Result(
            String output,
            long rows,
            int queries,
            int texts,
            double positiveScore,
            double negativeScore,
            Map<String, Long> excluded,
            int incomplete,
            List<String> skipped) {}

    private NegativeMining(
            EmbeddingModel opened,
            Model model,
            PairColumns columns,
            List<String> texts,
            Map<String, Set<Integer>> positives,
            @Nullable TextClassifier reranker) {
        this.opened = opened;
        task = opened.measuring();
        this.model = model;
        this.columns = columns;
        this.texts = texts;
        this.positives = positives;
        this.reranker = reranker;
    }

    /**
     * Mines negatives.
     *
     * @param input the model, the adapter if there is one, the pairs, and the seed
     * @param retrieval the columns, and how texts are embedded
     * @param settings which texts become negatives
     * @param output the file that is written
     * @return what was written
     * @throws IOException if a file cannot be read or written, or the adapter does not fit
     * @throws IllegalArgumentException if a line is wrong
     */
    public static Result mine(
            TrainingInput input, RetrieveTask.Settings retrieval, MiningSettings settings, Path output)
            throws IOException {
        SavedAdapter adapter = input.begin();
        AdaptedModel.requireNoClassifier(adapter, "an embedding");
        List<String> skipped = new ArrayList<>();
        Map<String, Integer> ids = new LinkedHashMap<>();
        Map<String, Set<Integer>> positives = new LinkedHashMap<>();
        try {
            for (List<LabelledPair> row : rows(input.data(), retrieval.columns(), skipped)) {
                for (LabelledPair judged : row) {
                    int id = ids.computeIfAbsent(judged.pair().second(), text -> ids.size());
                    if (judged.right()) {
                        positives
                                .computeIfAbsent(judged.pair().first(), query -> new LinkedHashSet<>())
                                .add(id);
                    }
                }
            }
        } catch (TextFormatException e) {
            throw DataFile.advised(e);
        }
        if (positives.isEmpty()) {
            throw new IOException(input.data().file() + ": there must be at least one pair, found none");
        }
        AdaptedModel judge = settings.reranker(input.files().storage());
        try (EmbeddingModel opened = EmbeddingModel.open(input.files(), retrieval.asked());
                @Nullable TextClassifier reranker = judge == null ? null : RerankTask.open(judge)) {
            return new NegativeMining(
                            opened,
                            opened.with(adapter),
                            retrieval.columns(),
                            List.copyOf(ids.keySet()),
                            positives,
                            reranker)
                    .write(settings, input.plan().seed(), output, skipped);
        }
    }

    /** What all rows say of their texts. */
    private static Dataset<List<LabelledPair>> rows(DataFile data, PairColumns columns, List<String> skipped)
            throws IOException {
        Dataset<List<LabelledPair>> all = data.all().map(columns::judged);
        return data.skipsBad() ? all.skipping(refusal -> skipped.add(refusal.getMessage())) : all;
    }

    private Result write(MiningSettings settings, long seed, Path output, List<String> skipped) throws IOException {
        int mostPositives =
                positives.values().stream().mapToInt(Set::size).max().orElseThrow();
        HardNegatives negatives = new HardNegatives(settings, mostPositives, seed);
        Sums sums = new Sums();
        long rows = RowFile.write(output, sink -> {
            INDArray documents = normalized(task.embeddings(model, Embed.Kind.DOCUMENT, texts));
            List<String> queries = List.copyOf(positives.keySet());
            long written = 0;
            for (int from = 0; from < queries.size(); from += QUERIES_AT_A_TIME) {
                List<String> some = queries.subList(from, Math.min(queries.size(), from + QUERIES_AT_A_TIME));
                INDArray embedded = normalized(task.embeddings(model, Embed.Kind.QUERY, some));
                double[][] scores = opened.encoder().similarity().all(embedded, documents);
                for (int i = 0; i < scores.length; i++) {
                    written += write(some.get(i), scores[i], negatives, settings.negatives(), sums, sink);
                }
            }
            return written;
        });
        Map<String, Long> excluded = new LinkedHashMap<>();
        negatives
                .excluded()
                .forEach((rule, number) ->
                        excluded.put(rule.name().toLowerCase(Locale.ROOT).replace('_', '-'), number));
        return new Result(
                output.toString(),
                rows,
                positives.size(),
                texts.size(),
                sums.positive / sums.positives,
                sums.negatives == 0 ? 0 : sums.negative / sums.negatives,
                excluded,
                sums.incomplete,
                skipped);
    }

    /** Writes the triples of a query: each text that belongs to it with each negative. */
    private long write(String query, double[] scores, HardNegatives negatives, int wanted, Sums sums, RowFile.Sink sink)
            throws IOException {
        Set<Integer> right = positives.getOrDefault(query, Set.of());
        List<HardNegatives.Negative> chosen = negatives.choose(scores, right, candidates -> right(query, candidates));
        sums.add(right, scores, chosen, wanted);
        for (int positive : right) {
            for (HardNegatives.Negative negative : chosen) {
                ObjectNode row = StrictJson.MAPPER.createObjectNode();
                row.put(columns.query().name(), query);
                row.put(columns.positive().name(), texts.get(positive));
                row.put(columns.negative().name(), texts.get(negative.text()));
                sink.add(row);
            }
        }
        return (long) right.size() * chosen.size();
    }

    private boolean[] right(String query, List<HardNegatives.Negative> candidates) {
        boolean[] right = new boolean[candidates.size()];
        if (reranker != null) {
            for (int from = 0; from < right.length; from += PAIRS_AT_A_TIME) {
                List<TextPair> pairs = candidates.subList(from, Math.min(right.length, from + PAIRS_AT_A_TIME)).stream()
                        .map(candidate -> new TextPair(query, texts.get(candidate.text())))
                        .toList();
                double[] scores = reranker.scores(reranker.pairs(pairs));
                for (int i = 0; i < scores.length; i++) {
                    right[from + i] = scores[i] > RIGHT;
                }
            }
        }
        return right;
    }

    /** The embeddings with the norm 1, as sentence-transformers mines with them. */
    private static INDArray normalized(INDArray rows) {
        return rows.divColumnVector(Transforms.max(rows.norm2(true, 1), Normalize.SMALLEST_NORM));
    }

    /** What the report says of all queries. */
    private static final class Sums {
        private double positive;
        private long positives;
        private double negative;
        private long negatives;
        private int incomplete;

        void add(Set<Integer> right, double[] scores, List<HardNegatives.Negative> chosen, int wanted) {
            for (int text : right) {
                positive += scores[text];
                positives++;
            }
            for (HardNegatives.Negative text : chosen) {
                negative += text.score();
                negatives++;
            }
            incomplete += chosen.size() < wanted ? 1 : 0;
        }
    }
}
