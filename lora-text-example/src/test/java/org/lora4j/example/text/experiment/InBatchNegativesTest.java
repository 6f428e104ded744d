package org.lora4j.example.text.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class InBatchNegativesTest {
    private final InBatchNegatives loss = new InBatchNegatives(20);

    @Test
    void isTheLogarithmOfTheCandidatesIfAllAreAlike() {
        INDArray alike = Nd4j.ones(DataType.DOUBLE, 8, 1);
        assertThat(loss.compute(alike, alike, Nd4j.zeros(DataType.DOUBLE, 8, 1)))
                .isCloseTo(Math.log(4), within(1e-12));
    }

    @Test
    void itsGradientIsThatOfDifferences() {
        SplittableRandom random = new SplittableRandom(1);
        INDArray output = Nd4j.create(DataType.DOUBLE, 6, 4);
        for (int i = 0; i < 24; i++) {
            output.putScalar(i, random.nextDouble() - 0.5);
        }
        INDArray gradient = Nd4j.zeros(DataType.DOUBLE, 6, 4);
        INDArray unused = gradient.dup();
        loss.compute(output, output, gradient);
        for (int i = 0; i < 24; i++) {
            double value = output.getDouble(i);
            output.putScalar(i, value + 1e-6);
            double above = loss.compute(output, output, unused);
            output.putScalar(i, value - 1e-6);
            double below = loss.compute(output, output, unused);
            output.putScalar(i, value);
            assertThat(gradient.getDouble(i)).isCloseTo((above - below) / 2e-6, within(1e-7));
        }
    }
}
