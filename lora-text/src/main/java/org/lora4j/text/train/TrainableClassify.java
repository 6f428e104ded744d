package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.RowModel;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.factory.Nd4j;

/** Learns to classify texts: the cross-entropy of the softmax of the outputs. */
public final class TrainableClassify implements TrainableTask<LabelledText, ClassifiedTexts> {
    private final Classify task;
    private final RowModel<List<String>, ClassScores> rows;
    private final Network network;
    private final Loss loss;

    /**
     * Creates the task on a model.
     *
     * @param task the classes, what the classifier reads, and where texts are cut
     * @param tokens the tokens of the model
     * @param network the model with the head of the task, and an output for each class
     * @throws IllegalArgumentException if the model does not take so long texts
     */
    public TrainableClassify(Classify task, TextTokens tokens, Network network) {
        Objects.requireNonNull(task, "task must not be null");
        this.network = Objects.requireNonNull(network, "network must not be null");
        rows = task.on(Objects.requireNonNull(tokens, "tokens must not be null"), network);
        this.task = new Classify(task.labels(), task.head(), OptionalInt.of(rows.maxTokens()));
        loss = Loss.sparseSoftmaxCrossEntropy();
    }

    private TrainableClassify(TrainableClassify other, Loss loss) {
        task = other.task;
        rows = other.rows;
        network = other.network;
        this.loss = loss;
    }

    /**
     * Returns the same task in which classes count differently.
     *
     * @param weights the weight of each class, positive
     * @return a task on the same model
     */
    public TrainableClassify withClassWeights(double... weights) {
        return new TrainableClassify(this, Loss.sparseSoftmaxCrossEntropy(weights));
    }

    @Override
    public Classify task() {
        return task;
    }

    @Override
    public Network network() {
        return network;
    }

    @Override
    public Loss loss() {
        return loss;
    }

    @Override
    public Batch batch(List<LabelledText> examples) {
        return new Batch(
                rows.tokens(texts(examples)),
                Nd4j.createFromArray(examples.stream().mapToInt(this::classOf).toArray()));
    }

    private static List<String> texts(List<LabelledText> examples) {
        return examples.stream().map(LabelledText::text).toList();
    }

    private int classOf(LabelledText example) {
        return task.labels().id(example.label());
    }

    @Override
    public ClassifiedTexts measure(Model model, Iterable<LabelledText> held) {
        List<Integer> actual = new ArrayList<>();
        List<Integer> predicted = new ArrayList<>();
        List<Double> probabilities = new ArrayList<>();
        Portions.forEach(held, some -> {
            List<String> texts = texts(some);
            for (ClassScores scores : rows.read(texts, model.predict(rows.tokens(texts)))) {
                predicted.add(scores.bestClass());
                probabilities.add(scores.values().get(scores.bestClass()));
            }
            some.forEach(example -> actual.add(classOf(example)));
        });
        return new ClassifiedTexts(task.labels(), actual, predicted, probabilities);
    }
}
