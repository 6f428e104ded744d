package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.function.Function;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.text.data.LabelledPair;
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
