package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextLabels;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.ClassifyPairs;
import org.lora4j.text.task.LinearModel;
import org.lora4j.text.task.Outputs;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Learns to give texts, or pairs of texts, any number of labels: the binary cross-entropy of each output. The thresholds of the labels are chosen afterwards, on
 * texts that do not train, with {@link #useThresholds}.
 */
public final class TrainableLabels implements ProbedTask<TextLabels, LabelledScores> {
    /** One that is sure of the texts leaves nothing to learn from them, as in {@link TrainableClassify}. */
    private static final double STRONGER = 6;

    private final ClassifierRows<?> rows;
    private final Network network;
    private final Loss loss;
    private final double[] positiveWeights;
    private Outputs outputs;

    /**
     * Creates the task on a model.
     *
     * @param task a {@link Classify} or {@link ClassifyPairs}: the labels, what the classifier reads, and where texts are cut
     * @param tokens the tokens of the model
     * @param network the model with the head of the task, and an output for each label
     * @throws IllegalArgumentException if the model does not take so long texts, or the task gives texts one label or a number
     */
    public TrainableLabels(RowTask<?, ClassScores> task, TextTokens tokens, Network network) {
        this.network = Objects.requireNonNull(network, "network must not be null");
        rows = ClassifierRows.of(task, tokens, network, ProblemType.MULTI_LABEL_CLASSIFICATION);
        outputs = ClassifierRows.outputs(task);
        positiveWeights = new double[outputs.labels().count()];
        Arrays.fill(positiveWeights, 1);
        loss = Loss.multiLabel();
    }

    private TrainableLabels(TrainableLabels other, double... positiveWeights) {
        outputs = other.outputs;
        rows = other.rows;
        network = other.network;
        this.positiveWeights = positiveWeights.clone();
        loss = Loss.multiLabel(positiveWeights);
    }

    /**
     * Returns the same task in which a text that has a label counts differently from one that does not have it: {@code pos_weight} of
     * PyTorch.
     *
     * @param weights the weight of each label
     * @return a task on the same model
     * @throws IllegalArgumentException if there is not one weight for each label, or one is negative or not finite
     */
    public TrainableLabels withPositiveWeights(double... weights) {
        Objects.requireNonNull(weights, "weights must not be null");
        if (weights.length != outputs.labels().count()) {
            throw new IllegalArgumentException("weights: there must be one for each of the labels " + outputs.labels()
                    + ", found " + weights.length);
        }
        return new TrainableLabels(this, weights);
    }

    /**
     * Sets the thresholds with which the adapter is written, and with which it is measured from here on.
     *
     * @param thresholds the threshold of each label, such as {@link LabelledScores#bestThresholds}
     * @throws IllegalArgumentException if there is not one between 0 and 1 for each label
     */
    public void useThresholds(List<Double> thresholds) {
        outputs = outputs.withThresholds(thresholds);
    }

    @Override
    public RowTask<?, ClassScores> task() {
        RowTask<?, ClassScores> task = rows.task();
        Classify now = new Classify(outputs, task.head(), task.maxTokens());
        return task instanceof ClassifyPairs ? new ClassifyPairs(now) : now;
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
    public Batch batch(List<TextLabels> examples) {
        return new Batch(rows.tokens(examples), targets(examples));
    }

    /** Returns 1 for each label of a text, and 0 for the others. */
    private INDArray targets(List<TextLabels> examples) {
        Labels labels = outputs.labels();
        float[][] targets = new float[examples.size()][labels.count()];
        for (int i = 0; i < targets.length; i++) {
            for (String label : examples.get(i).labels()) {
                targets[i][labels.id(label)] = 1;
            }
        }
        return Nd4j.createFromArray(targets);
    }

    @Override
    public LinearModel.Rows rows(INDArray features, List<TextLabels> examples, boolean hasBias) {
        LinearModel.Rows all = LinearModel.Rows.ofLabels(features, targets(examples), positiveWeights);
        return hasBias ? all : all.withoutBias();
    }

    @Override
    public double penaltyOfStart() {
        return STRONGER;
    }

    /**
     * {@inheritDoc}
     *
     * @throws IllegalArgumentException if a text has a label that the task does not know
     */
    @Override
    public LabelledScores measure(Model model, Iterable<TextLabels> held) {
        List<List<Boolean>> actual = new ArrayList<>();
        List<List<Double>> scores = new ArrayList<>();
        Portions.forEach(held, some -> {
            rows.predict(model, some).forEach(one -> scores.add(one.values()));
            some.forEach(example -> actual.add(has(example)));
        });
        return new LabelledScores(outputs, actual, scores);
    }

    /**
     * Returns whether a text has each of the labels of the task.
     *
     * @param example the text
     * @return a value for each label, in their order
     * @throws IllegalArgumentException if it has a label that the task does not know
     */
    public List<Boolean> has(TextLabels example) {
        example.labels().forEach(outputs.labels()::id);
        return outputs.labels().names().stream().map(example.labels()::contains).toList();
    }
}
