package org.lora4j.train;

import org.lora4j.nn.Model;
import org.lora4j.nn.Pass;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/** Tests a classifier. */
public final class Tester {
    private Tester() {}

    /**
     * Compares the class with the greatest output with the label, over all batches.
     *
     * @param model a model with at least two outputs, one per class
     * @param data the batches: features {@code [n, in]}, one-hot labels {@code [n, classes]}; reset first if it can be
     * @return ND4J's evaluation: accuracy, confusion matrix and more
     * @throws IllegalArgumentException if a batch does not fit the model
     */
    public static Evaluation evaluate(Model model, DataSetIterator data) {
        Evaluation evaluation = new Evaluation(Math.toIntExact(model.outputSize()));
        Pass pass = model.newInferencePass();
        if (data.resetSupported()) {
            data.reset();
        }
        while (data.hasNext()) {
            DataSet batch = data.next();
            evaluation.eval(batch.getLabels(), pass.forward(batch.getFeatures()));
        }
        return evaluation;
    }

    /**
     * How many examples of each class were taken for another.
     *
     * @param evaluation the result of a test
     * @return a count per actual class
     */
    public static int[] wrongPerClass(Evaluation evaluation) {
        int classes = evaluation.getConfusion().getClasses().size();
        int[] wrong = new int[classes];
        for (int actual = 0; actual < classes; actual++) {
            for (int predicted = 0; predicted < classes; predicted++) {
                if (predicted != actual) {
                    wrong[actual] += evaluation.getConfusion().getCount(actual, predicted);
                }
            }
        }
        return wrong;
    }
}
