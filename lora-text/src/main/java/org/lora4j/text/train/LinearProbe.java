package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.lora4j.AdapterView;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.task.LinearModel;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What a model can do with texts as it is: softmax regression on the rows that it gives, which are computed once (a linear probe). Only the
 * classifier trains, so this is what an adapter must be better than, and where its own classifier begins, see
 * {@link TrainableClassify#start}.
 */
public final class LinearProbe {
    /** The learning curve begins with this part of the texts. */
    private static final int MOST_PARTS = 8;

    private final Model model;
    private final TrainableClassify task;
    private final LinearModel.Rows rows;
    private final LinearModel regression;
    private final Network classifier;

    private LinearProbe(Model model, TrainableClassify task, LinearModel.Rows rows, LinearModel regression) {
        this.model = model;
        this.task = task;
        this.rows = rows;
        this.regression = regression;
        classifier = regression.network();
    }

    /**
     * Fits a classifier.
     *
     * @param model gives a row for each text, {@code [n, dim]}
     * @param task the classes, how much each counts, and the tokens of texts
     * @param examples the texts
     * @return the probe
     * @throws IllegalArgumentException if there is no text
     */
    public static LinearProbe fit(Model model, TrainableClassify task, List<LabelledText> examples) {
        return fit(model, task, examples, true);
    }

    static LinearProbe fit(Model model, TrainableClassify task, List<LabelledText> examples, boolean hasBias) {
        LinearModel.Rows rows = rows(model, task, examples, hasBias);
        return new LinearProbe(model, task, rows, LinearModel.fit(rows));
    }

    /** Fits a classifier with a penalty that is known, without cross-validation. */
    static LinearProbe fit(
            Model model, TrainableClassify task, List<LabelledText> examples, boolean hasBias, double penalty) {
        LinearModel.Rows rows = rows(model, task, examples, hasBias);
        return new LinearProbe(model, task, rows, LinearModel.fit(rows, penalty));
    }

    private static LinearModel.Rows rows(
            Model model, TrainableClassify task, List<LabelledText> examples, boolean hasBias) {
        Objects.requireNonNull(task, "task must not be null");
        List<LabelledText> some = FrozenRows.sample(model, examples);
        LinearModel.Rows rows = LinearModel.Rows.of(
                        FrozenRows.of(model, task, some),
                        some.stream().map(task::classOf).toList(),
                        task.labels().count())
                .withClassWeights(task.classWeights());
        return hasBias ? rows : rows.withoutBias();
    }

    private static INDArray features(Model model, TrainableClassify task, List<LabelledText> texts) {
        return model.predict(task.batch(texts).input());
    }

    /**
     * Returns the classifier.
     *
     * @return softmax regression on the rows of the model
     */
    public LinearModel regression() {
        return regression;
    }

    /** Returns one on the same rows with another penalty. */
    LinearProbe withPenalty(double penalty) {
        return new LinearProbe(model, task, rows, LinearModel.fit(rows, penalty));
    }

    /**
     * Returns the most probable class of each text.
     *
     * @param texts the texts
     * @return the classes, from 0
     */
    public List<Integer> predict(Iterable<LabelledText> texts) {
        return predict(texts, List.of(classifier)).get(0);
    }

    private List<List<Integer>> predict(Iterable<LabelledText> texts, List<Network> classifiers) {
        List<List<Integer>> predicted = new ArrayList<>();
        classifiers.forEach(one -> predicted.add(new ArrayList<>()));
        Portions.forEach(texts, part -> {
            INDArray features = features(model, task, part);
            for (int i = 0; i < classifiers.size(); i++) {
                for (int c : classifiers.get(i).predict(features).argMax(1).toIntVector()) {
                    predicted.get(i).add(c);
                }
            }
        });
        return predicted;
    }

    /**
     * Returns what this probe says, and probes that learned an eighth, a quarter and a half of its texts, drawn at random, with the same prior: the penalty
     * grows as the texts become fewer. Their accuracies say whether more texts would help.
     *
     * @param texts texts that none of them learned
     * @param seed the seed of the draws
     * @return for each number of learned texts the most probable class of each text, as {@link #predict} returns it; no number is below two for
     *     each class
     */
    public SortedMap<Integer, List<Integer>> learningCurve(Iterable<LabelledText> texts, long seed) {
        int all = rows.size();
        List<Integer> shuffled = new ArrayList<>(IntStream.range(0, all).boxed().toList());
        Collections.shuffle(shuffled, new Random(seed));
        int[] order = shuffled.stream().mapToInt(Integer::intValue).toArray();
        List<Integer> sizes = new ArrayList<>(List.of(all));
        List<Network> classifiers = new ArrayList<>(List.of(classifier));
        for (int parts = 2;
                parts <= MOST_PARTS && all / parts >= 2 * task.labels().count();
                parts *= 2) {
            int size = all / parts;
            LinearModel fewer =
                    LinearModel.fit(rows.select(Arrays.copyOf(order, size)), regression.penalty() * all / size);
            sizes.add(size);
            classifiers.add(fewer.network());
        }
        SortedMap<Integer, List<Integer>> curve = new TreeMap<>();
        List<List<Integer>> predicted = predict(texts, classifiers);
        for (int i = 0; i < sizes.size(); i++) {
            curve.put(sizes.get(i), predicted.get(i));
        }
        return curve;
    }

    /**
     * Makes this the classifier of an adapter. What the adapter does in the layers before it stays.
     *
     * @param adapter an adapter on the network of the task, which has a classifier of its own
     * @throws IllegalArgumentException if it has none that reads such rows
     * @throws IllegalStateException if it does not train
     */
    public void writeTo(AdapterView adapter) {
        regression.writeTo(adapter, task.network());
    }
}
