package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** The network returns its input, so each test defines the predictions. */
class EvaluatorTest {
    private static Network identity(int classes) {
        return new Network(List.of(new Linear("l", oneHot(classes, range(classes)), null)));
    }

    private static int[] range(int n) {
        int[] all = new int[n];
        for (int i = 0; i < n; i++) {
            all[i] = i;
        }
        return all;
    }

    private static INDArray oneHot(int classes, int... of) {
        INDArray matrix = Nd4j.zeros(DataType.FLOAT, of.length, classes);
        for (int i = 0; i < of.length; i++) {
            matrix.putScalar(i, of[i], 1);
        }
        return matrix;
    }

    private static DataSet batch(int classes, int[] predicted, int[] actual) {
        // These are logits, not probabilities: the outputs of a network can be any numbers.
        return new DataSet(oneHot(classes, predicted).mul(7).sub(3), oneHot(classes, actual));
    }

    private static final Batches DATA = Batches.of(
            batch(3, new int[] {0, 1, 2, 2}, new int[] {0, 1, 2, 1}),
            batch(3, new int[] {0, 0}, new int[] {2, 0}),
            batch(3, new int[] {2}, new int[] {1}));

    @Test
    void countsOverAllBatches() {
        Evaluation evaluation = Evaluator.evaluate(identity(3), DATA);
        int[][] confusion = new int[3][3];
        for (int actual = 0; actual < 3; actual++) {
            for (int predicted = 0; predicted < 3; predicted++) {
                confusion[actual][predicted] = evaluation.getConfusion().getCount(actual, predicted);
            }
        }
        assertThat(confusion).isDeepEqualTo(new int[][] {{2, 0, 0}, {0, 1, 2}, {1, 0, 1}});
        assertThat(evaluation.accuracy()).isCloseTo(4.0 / 7, within(1e-12));
        assertThat(Evaluator.errorsPerClass(evaluation)).containsExactly(0, 2, 1);
    }

    @Test
    void startsWithTheFirstBatchEachTime() {
        assertThat(Evaluator.evaluate(identity(3), DATA).getNumRowCounter()).isEqualTo(7);
        assertThat(Evaluator.evaluate(identity(3), DATA).getNumRowCounter()).isEqualTo(7);
        assertThat(Evaluator.evaluate(identity(3), DATA.once()).getNumRowCounter())
                .isEqualTo(7);
    }

    @Test
    void evaluatesTwoClasses() {
        Evaluation evaluation =
                Evaluator.evaluate(identity(2), Batches.of(batch(2, new int[] {0, 1, 1, 1}, new int[] {0, 0, 1, 0})));
        assertThat(evaluation.accuracy()).isEqualTo(0.5);
        assertThat(Evaluator.errorsPerClass(evaluation)).containsExactly(2, 0);
    }

    @Test
    void countsClassesThatDoNotOccur() {
        Evaluation evaluation =
                Evaluator.evaluate(identity(5), Batches.of(batch(5, new int[] {4, 3}, new int[] {3, 3})));
        assertThat(Evaluator.errorsPerClass(evaluation)).containsExactly(0, 0, 0, 1, 0);
    }

    @Test
    void hasNoErrorsWithoutData() {
        Evaluation evaluation = Evaluator.evaluate(identity(3), Batches.of());
        assertThat(Evaluator.errorsPerClass(evaluation)).containsExactly(0, 0, 0);
    }

    @Test
    void predictsTheGreatestOutputEvenIfNoneIsPositive() {
        DataSet batch = new DataSet(Nd4j.createFromArray(new float[][] {{-5, -4, -9}}), oneHot(3, 1));
        assertThat(Evaluator.evaluate(identity(3), Batches.of(batch)).accuracy())
                .isEqualTo(1);
    }

    @Test
    void refusesABatchThatDoesNotFit() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Evaluator.evaluate(identity(4), DATA))
                .withMessageStartingWith("input: must be a matrix [n, 4] of FLOAT");
    }
}
