package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.lora4j.AdapterView;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.Linear;
import org.lora4j.text.data.TaggedText;
import org.lora4j.text.data.TaggedTokens;
import org.lora4j.text.task.LinearModel;
import org.lora4j.train.Batch;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What a frozen model can do with words as it is: softmax regression on the vectors of the tokens that say a tag (a linear probe). Only the
 * classifier trains, so this is what an adapter must be better than, and where its own classifier begins.
 */
public final class TagProbe {
    /** So many tokens of a model with 384 numbers each are learned at most. */
    private static final int MOST_TOKENS = 20_000;

    private static final long MOST_NUMBERS = 384L * MOST_TOKENS;

    private final TrainableTag task;
    private final Network layers;
    private final LinearModel regression;

    private TagProbe(TrainableTag task, Network layers, LinearModel regression) {
        this.task = task;
        this.layers = layers;
        this.regression = regression;
    }

    /**
     * Fits a classifier on some of the tokens of texts, which are drawn at random.
     *
     * @param task the tags, and the tokens of texts
     * @param examples the texts; a list that may read each of them from a file
     * @return the probe
     * @throws IllegalArgumentException if no token says a tag
     */
    public static TagProbe fit(TrainableTag task, List<TaggedText> examples) {
        Network network = Objects.requireNonNull(task, "task must not be null").network();
        int last = network.layers().size() - 1;
        Network layers = new Network(network.layers().subList(0, last));
        long most = Math.max(1, MOST_NUMBERS / layers.outputSize());
        List<INDArray> features = new ArrayList<>();
        List<Integer> classes = new ArrayList<>();
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, examples.size()).boxed().toList());
        Collections.shuffle(order, new Random(0));
        for (int from = 0; from < order.size() && classes.size() < most; from += Portions.SIZE) {
            add(
                    task.batch(order.subList(from, Math.min(order.size(), from + Portions.SIZE)).stream()
                            .map(examples::get)
                            .toList()),
                    layers,
                    features,
                    classes);
        }
        if (classes.isEmpty()) {
            throw new IllegalArgumentException(
                    "a probe needs at least one token that says a tag, found none in " + examples.size() + " texts");
        }
        LinearModel.Rows rows = LinearModel.Rows.of(
                        Nd4j.concat(0, features.toArray(INDArray[]::new)),
                        classes,
                        task.task().labels().count())
                .withClassWeights(task.tagWeights());
        boolean hasBias = ((Linear) network.layers().get(last)).biasParameter() != null;
        return new TagProbe(task, layers, LinearModel.fit(hasBias ? rows : rows.withoutBias()));
    }

    /** Adds the vectors of those tokens that say a tag. */
    private static void add(Batch batch, Network layers, List<INDArray> features, List<Integer> classes) {
        Sequences sequences = (Sequences) batch.input();
        int[][] labels = Objects.requireNonNull(batch.labels()).toIntMatrix();
        List<Integer> rows = new ArrayList<>();
        for (int s = 0; s < sequences.count(); s++) {
            for (int t = 0; t < sequences.length(s); t++) {
                if (labels[s][t] != TaggedTokens.IGNORED) {
                    rows.add(sequences.start(s) + t);
                    classes.add(labels[s][t]);
                }
            }
        }
        if (!rows.isEmpty()) {
            features.add(layers.predict(sequences)
                    .getRows(rows.stream().mapToInt(Integer::intValue).toArray()));
        }
    }

    /**
     * Returns what the probe says of texts.
     *
     * @param texts the texts
     * @return their tags, and those of the probe
     */
    public TaggedTexts measure(Iterable<TaggedText> texts) {
        Network classifier = regression.network();
        return task.measure(sequences -> classifier.predict(layers.predict(sequences)), texts);
    }

    /**
     * Makes this the classifier of an adapter.
     *
     * @param adapter an adapter on the network of the task, which has a classifier of its own
     * @throws IllegalArgumentException if it has none that reads such rows
     * @throws IllegalStateException if it does not train
     */
    public void writeTo(AdapterView adapter) {
        regression.writeTo(adapter, task.network());
    }
}
