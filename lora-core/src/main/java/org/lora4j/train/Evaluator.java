package org.lora4j.train;

import java.util.Arrays;
import java.util.Objects;
import org.lora4j.nn.Model;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Input;
import org.lora4j.nn.input.Sequences;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** Evaluates classifiers. */
public final class Evaluator {
    private static final TargetLoss CLASSES = new SoftmaxCrossEntropy.Sparse(null);

    private Evaluator() {}

    /**
     * Predicts all batches and compares the predictions with the labels. The predicted class is the one with the greatest
     * output.
     *
     * @param model a model with at least two outputs, one for each class
     * @param data the batches: features {@code [n, in]}, one-hot labels {@code [n, classes]}; reset first if supported
     * @return ND4J's evaluation: accuracy, confusion matrix and more
     * @throws IllegalArgumentException if a batch does not fit the model
     */
    public static Evaluation evaluate(Model model, DataSetIterator data) {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(data, "data must not be null");
        return evaluate(model, BatchSource.of(data, model));
    }

    /**
     * Predicts all batches and compares the predictions with the labels. The predicted class is the one with the greatest
     * output.
     *
     * @param model a model with at least two outputs, one for each class
     * @param data the batches, such as a list: rows or sequences, with one-hot labels {@code [n, classes]}, or the numbers of
     *     the classes of examples or tokens, as {@link Loss#sparseSoftmaxCrossEntropy()} takes them
     * @return ND4J's evaluation: accuracy, confusion matrix and more
     * @throws IllegalArgumentException if a batch does not fit the model
     */
    public static Evaluation evaluate(Model model, Iterable<Batch> data) {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(data, "data must not be null");
        return evaluate(model, BatchSource.of(data));
    }

    /**
     * Predicts one batch and compares the predictions with the labels. The predicted class is the one with the greatest
     * output.
     *
     * @param model a model with at least two outputs, one for each class
     * @param batch features {@code [n, in]}, one-hot labels {@code [n, classes]}
     * @return ND4J's evaluation: accuracy, confusion matrix and more
     * @throws IllegalArgumentException if the batch does not fit the model
     */
    public static Evaluation evaluate(Model model, DataSet batch) {
        Objects.requireNonNull(model, "model must not be null");
        Objects.requireNonNull(batch, "batch must not be null");
        return evaluate(model, BatchSource.of(batch, model));
    }

    private static Evaluation evaluate(Model model, BatchSource data) {
        Evaluation evaluation = new Evaluation(Math.toIntExact(model.outputSize()));
        Pass pass = model.newInferencePass();
        data.reset(1);
        while (data.hasNext()) {
            Batch batch = data.next().here();
            add(evaluation, batch, pass.forward(batch.input()));
        }
        return evaluation;
    }

    private static void add(Evaluation evaluation, Batch batch, INDArray output) {
        INDArray labels = batch.labels();
        boolean areNumbers =
                labels != null && (labels.length() == output.size(0) || areOfTokens(batch.input(), labels, output));
        if (labels == null || !areNumbers) {
            evaluation.eval(labels, output);
            return;
        }
        int[] actual = CLASSES.targets(batch.input(), labels).toIntVector();
        int[] predicted = output.argMax(1).toIntVector();
        for (int i = 0; i < actual.length; i++) {
            if (actual[i] != TargetLoss.IGNORED) {
                evaluation.eval(predicted[i], actual[i]);
            }
        }
    }

    private static boolean areOfTokens(Input input, INDArray labels, INDArray output) {
        return input instanceof Sequences sequences
                && sequences.tokens() == output.size(0)
                && !Arrays.equals(labels.shape(), output.shape());
    }

    /**
     * Counts, for each class, the examples that the model predicted as another class.
     *
     * @param evaluation the result of an evaluation
     * @return the number of errors for each actual class
     */
    public static int[] errorsPerClass(Evaluation evaluation) {
        Objects.requireNonNull(evaluation, "evaluation must not be null");
        int classes = evaluation.getConfusion().getClasses().size();
        int[] errors = new int[classes];
        for (int actual = 0; actual < classes; actual++) {
            for (int predicted = 0; predicted < classes; predicted++) {
                if (predicted != actual) {
                    errors[actual] += evaluation.getConfusion().getCount(actual, predicted);
                }
            }
        }
        return errors;
    }
}
