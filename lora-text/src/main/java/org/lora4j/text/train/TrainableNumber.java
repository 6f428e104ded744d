package org.lora4j.text.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.ModelConfig.ProblemType;
import org.lora4j.text.data.Labels;
import org.lora4j.text.data.TextNumber;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;
import org.lora4j.text.task.LinearModel;
import org.lora4j.text.task.RowTask;
import org.lora4j.text.tokens.TextTokens;
import org.lora4j.train.Batch;
import org.lora4j.train.Loss;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Learns to give texts, or pairs of texts, a number: the mean squared error of the only output. */
public final class TrainableNumber implements ProbedTask<TextNumber, NumberedTexts> {
    private final ClassifierRows<?> rows;
    private final Network network;

    /**
     * Creates the task on a model.
     *
     * @param task a {@link Classify} or {@link org.lora4j.text.task.ClassifyPairs}: the name of the number, what it is computed from, and where texts are cut
     * @param tokens the tokens of the model
     * @param network the model with the head of the task, which has one output
     * @throws IllegalArgumentException if the model does not take so long texts, or the task gives texts labels or several numbers
     */
    public TrainableNumber(RowTask<?, ClassScores> task, TextTokens tokens, Network network) {
        this.network = Objects.requireNonNull(network, "network must not be null");
        rows = ClassifierRows.of(task, tokens, network, ProblemType.REGRESSION);
        Labels names = ClassifierRows.outputs(task).labels();
        if (names.count() != 1) {
            throw new IllegalArgumentException("the task must give a text one number, found " + names);
        }
    }

    @Override
    public RowTask<?, ClassScores> task() {
        return rows.task();
    }

    @Override
    public Network network() {
        return network;
    }

    @Override
    public Loss loss() {
        return Loss.meanSquaredError();
    }

    @Override
    public Batch batch(List<TextNumber> examples) {
        double[][] numbers = examples.stream()
                .map(example -> new double[] {example.number()})
                .toArray(double[][]::new);
        return new Batch(rows.tokens(examples), Nd4j.createFromArray(numbers));
    }

    @Override
    public LinearModel.Rows rows(INDArray features, List<TextNumber> examples, boolean hasBias) {
        return LinearModel.Rows.ofNumbers(
                features, examples.stream().map(TextNumber::number).toList(), hasBias);
    }

    @Override
    public NumberedTexts measure(Model model, Iterable<TextNumber> held) {
        List<Double> actual = new ArrayList<>();
        List<Double> predicted = new ArrayList<>();
        Portions.forEach(held, some -> {
            rows.predict(model, some).forEach(one -> predicted.add(one.number()));
            some.forEach(example -> actual.add(example.number()));
        });
        return new NumberedTexts(actual, predicted);
    }
}
