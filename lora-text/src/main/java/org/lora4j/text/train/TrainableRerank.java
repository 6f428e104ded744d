package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Function;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.text.data.LabelledPair;
import org.lora4j.text.data.SearchCollection;
import org.lora4j.text.data.SearchText;
import org.lora4j.text.task.PairScore;
import org.lora4j.text.task.Rerank;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.tokens.TextPair;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.factory.Nd4j;

/** Learns to say whether a text belongs to a query: the cross-entropy of the only output (a cross-encoder). */
public final class TrainableRerank implements TrainableTask<LabelledPair, RankedTexts> {
    private final Rerank task;
    private final RowModel<List<TextPair>, PairScore> rows;
    private final Network network;

    /**
     * Creates the task on a model.
     *
     * @param task what the score is computed from, and where pairs are cut
     * @param tokens the tokens of the model
     * @param network the model with the head of the task, which has one output
     * @throws IllegalArgumentException if the model does not take so long texts
     */
    public TrainableRerank(Rerank task, TextTokens tokens, Network network) {
        Objects.requireNonNull(task, "task must not be null");
        this.network = Objects.requireNonNull(network, "network must not be null");
        rows = task.on(tokens, network);
        this.task = new Rerank(task.head(), OptionalInt.of(rows.maxTokens()));
    }

    @Override
    public Rerank task() {
        return task;
    }

    @Override
    public Network network() {
        return network;
    }

    @Override
    public Loss loss() {
        return Loss.multiLabel();
    }

    @Override
    public Batch batch(List<LabelledPair> examples) {
        float[][] labels = new float[examples.size()][1];
        for (int i = 0; i < labels.length; i++) {
            labels[i][0] = examples.get(i).right() ? 1 : 0;
        }
        return new Batch(rows.tokens(pairs(examples)), Nd4j.createFromArray(labels));
    }

    private static List<TextPair> pairs(List<LabelledPair> examples) {
        return examples.stream().map(LabelledPair::pair).toList();
    }

    /**
     * Computes the scores of pairs.
     *
     * @param model the network, or an adapter on it
     * @param pairs a query and a text each, at least one
     * @return a number between 0 and 1 for each pair
     */
    public double[] scores(Model model, List<TextPair> pairs) {
        return rows.read(pairs, model.predict(rows.tokens(pairs))).stream()
                .mapToDouble(PairScore::probability)
                .toArray();
    }

    /**
     * Sorts what another search found. The corpus is read once, and the texts of a block of it are in memory.
     *
     * @param model the network, or an adapter on it
     * @param collection the queries and the documents
     * @param candidates the documents that get a score
     * @param depth how many documents of each query are kept
     * @return the candidates by their scores
     * @throws IllegalArgumentException as {@link SearchRun#of(SearchCollection, int, SearchRun.Scorer)}
     */
    public SearchRun search(Model model, SearchCollection collection, SearchRun candidates, int depth) {
        List<SearchText> queries = collection.queries();
        Map<String, List<Integer>> asked = new HashMap<>();
        for (int q = 0; q < queries.size(); q++) {
            for (String document : candidates.scores(queries.get(q).id()).keySet()) {
                asked.computeIfAbsent(document, any -> new ArrayList<>()).add(q);
            }
        }
        return SearchRun.of(collection, depth, documents -> {
            double[][] scores = new double[queries.size()][documents.size()];
            for (double[] row : scores) {
                Arrays.fill(row, Double.NEGATIVE_INFINITY);
            }
            List<Asked> pairs = new ArrayList<>();
            for (int d = 0; d < documents.size(); d++) {
                for (int q : asked.getOrDefault(documents.get(d).id(), List.of())) {
                    pairs.add(new Asked(q, d));
                }
            }
            Portions.forEach(pairs, some -> {
                double[] found = scores(
                        model,
                        some.stream()
                                .map(pair -> new TextPair(
                                        queries.get(pair.query()).text(),
                                        documents.get(pair.document()).text()))
                                .toList());
                for (int i = 0; i < found.length; i++) {
                    scores[some.get(i).query()][some.get(i).document()] = found[i];
                }
            });
            return scores;
        });
    }

    /** A query and a document by their numbers. */
    private record Asked(int query, int document) {}

    @Override
    public RankedTexts measure(Model model, Iterable<LabelledPair> held) {
        return measure(pairs -> scores(model, pairs), held);
    }

    /**
     * Measures whatever scores pairs.
     *
     * @param scorer returns a number for each of some pairs
     * @param held pairs that do not train, with right and wrong texts for a query
     * @return how well the numbers sort the texts of each query
     */
    public static RankedTexts measure(Function<List<TextPair>, double[]> scorer, Iterable<LabelledPair> held) {
        LabelledQueries queries = new LabelledQueries();
        List<double[]> scores = new ArrayList<>();
        Portions.forEach(held, some -> {
            some.forEach(queries::add);
            scores.add(scorer.apply(pairs(some)));
        });
        return queries.ranked(scores.stream().flatMapToDouble(Arrays::stream).toArray());
    }
}
