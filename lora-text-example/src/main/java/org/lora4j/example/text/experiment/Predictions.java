package org.lora4j.example.text.experiment;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.lora4j.example.support.report.TestResult;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The class that a classifier predicts for each text.
 *
 * @param predicted the predicted classes
 * @param actual the actual classes
 * @param count the number of classes
 */
record Predictions(List<Integer> predicted, List<Integer> actual, int count) {
    /** Takes the class with the greatest output. */
    static Predictions of(INDArray outputs, List<Integer> actual) {
        List<Integer> predicted =
                Arrays.stream(outputs.argMax(1).toIntVector()).boxed().toList();
        return new Predictions(predicted, actual, Math.toIntExact(outputs.size(1)));
    }

    TestResult result() {
        int[][] confusion = new int[count][count];
        for (int i = 0; i < predicted.size(); i++) {
            confusion[actual.get(i)][predicted.get(i)]++;
        }
        return TestResult.of(confusion);
    }

    /** Returns the texts that are wrong here and right there. */
    List<Integer> fixedBy(Predictions other) {
        return IntStream.range(0, predicted.size())
                .filter(i -> !isRight(i) && other.isRight(i))
                .boxed()
                .toList();
    }

    private boolean isRight(int i) {
        return predicted.get(i).equals(actual.get(i));
    }
}
