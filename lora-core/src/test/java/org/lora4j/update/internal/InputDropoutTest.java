package org.lora4j.update.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.SmallModels.assertSameBits;
import static org.lora4j.SmallModels.values;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class InputDropoutTest {
    private static final int COLUMNS = 4000;

    private final RecordingContext context = new RecordingContext(DataType.FLOAT);

    private static INDArray ones() {
        return Nd4j.ones(DataType.FLOAT, 1, COLUMNS);
    }

    private InputDropout dropout(double probability, long seed) {
        InputDropout dropout = new InputDropout(context, COLUMNS);
        assertThat(dropout.configure(probability, seed)).isTrue();
        return dropout;
    }

    private double[] mask(double probability, long seed, long step) {
        context.setStep(step);
        return values(dropout(probability, seed).apply(ones()));
    }

    private static double correlation(double[] a, int shift, double[] b) {
        int n = a.length - Math.abs(shift);
        double sum = 0;
        double meanA = 0;
        double meanB = 0;
        for (int i = 0; i < n; i++) {
            double left = a[i + Math.max(0, shift)];
            double right = b[i + Math.max(0, -shift)];
            sum += left * right;
            meanA += left / n;
            meanB += right / n;
        }
        // Elements are 0 or 2 with equal probability: variance 1.
        return sum / n - meanA * meanB;
    }

    @Test
    void elementsAreZeroOrScaledUp() {
        assertThat(mask(0.2, 1, 0)).containsOnly(0, (float) (1 / 0.8));
    }

    @Test
    void shareOfZerosIsTheProbability() {
        double[] mask = mask(0.2, 1, 0);
        long zeros = 0;
        for (double element : mask) {
            zeros += element == 0 ? 1 : 0;
        }
        assertThat((double) zeros / COLUMNS).isCloseTo(0.2, Offset.offset(0.03));
    }

    @Test
    void sameSeedAndStepGiveTheSameMask() {
        assertThat(mask(0.5, 1, 3)).isEqualTo(mask(0.5, 1, 3));
    }

    @Test
    void masksOfStepsAndSeedsAreIndependentEvenWhenShifted() {
        double[] first = mask(0.5, 1, 0);
        for (int shift = -2; shift <= 2; shift++) {
            assertThat(correlation(first, shift, mask(0.5, 1, 1))).isCloseTo(0, Offset.offset(0.1));
            assertThat(correlation(first, shift, mask(0.5, 2, 0))).isCloseTo(0, Offset.offset(0.1));
        }
    }

    @Test
    void partsOfABatchDropWhatTheWholeBatchDrops() {
        INDArray whole =
                dropout(0.5, 1).apply(Nd4j.ones(DataType.FLOAT, 5, COLUMNS)).dup();
        context.setRowsBefore(2);
        INDArray part = dropout(0.5, 1).apply(Nd4j.ones(DataType.FLOAT, 3, COLUMNS));
        assertSameBits(part.dup('c'), whole.get(NDArrayIndex.interval(2, 5)).dup('c'));
        assertThat(values(part.getRow(0).dup()))
                .isNotEqualTo(values(part.getRow(1).dup()));
    }

    @Test
    void gradientsPassThroughTheMaskOfTheStep() {
        InputDropout dropout = dropout(0.5, 1);
        INDArray dropped = dropout.apply(ones()).dup();
        INDArray xGradient = ones();
        dropout.addInputGradient(ones().muli(3), xGradient);
        assertSameBits(xGradient, dropped.mul(3).add(1));
    }

    @Test
    void nothingIsThereToDropAtProbabilityZero() {
        assertThat(new InputDropout(context, COLUMNS).configure(0, 1)).isFalse();
    }
}
