package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;
import org.nd4j.linalg.schedule.StepSchedule;

/** With {@code L = Σ y} and one row, the gradient of the weight is the input, so each step is known. */
class StepSizeTest {
    private static final Loss SUM = (output, labels, gradient) -> {
        gradient.assign(1);
        return output.sumNumber().doubleValue();
    };

    private final Linear linear = new Linear("l", Nd4j.zeros(DataType.DOUBLE, 1, 2), null);
    private final Network network = new Network(List.of(linear));
    private final DataSet threeAndFour =
            new DataSet(Nd4j.createFromArray(new double[][] {{3, 4}}), Nd4j.zeros(DataType.DOUBLE, 1, 1));

    /** Returns the learning rate of each iteration: the step of the first weight, divided by its gradient. */
    private List<Double> rates(IUpdater updater, int epochs, int batches) {
        DataSet[] data = new DataSet[batches];
        Arrays.fill(data, threeAndFour);
        List<Double> rates = new ArrayList<>();
        double[] last = {0};
        Trainer.builder(network)
                .loss(SUM)
                .updater(updater)
                .epochs(epochs)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        double weight = linear.weight().getDouble(0);
                        rates.add((last[0] - weight) / 3);
                        last[0] = weight;
                    }
                })
                .build()
                .fit(Batches.of(data));
        return rates;
    }

    private static void assertRates(List<Double> actual, double... expected) {
        assertThat(actual.stream().mapToDouble(rate -> rate).toArray())
                .usingComparatorWithPrecision(1e-12)
                .containsExactly(expected);
    }

    @Test
    void followsAMapScheduleByIteration() {
        MapSchedule schedule = new MapSchedule.Builder(ScheduleType.ITERATION)
                .add(0, 0.5)
                .add(2, 0.25)
                .add(4, 0.125)
                .build();
        assertRates(rates(new Sgd(schedule), 2, 3), 0.5, 0.5, 0.25, 0.25, 0.125, 0.125);
    }

    @Test
    void followsAMapScheduleByEpoch() {
        MapSchedule schedule = new MapSchedule.Builder(ScheduleType.EPOCH)
                .add(0, 0.5)
                .add(1, 0.25)
                .build();
        assertRates(rates(new Sgd(schedule), 3, 2), 0.5, 0.5, 0.25, 0.25, 0.25, 0.25);
    }

    @Test
    void followsAStepSchedule() {
        assertRates(rates(new Sgd(new StepSchedule(ScheduleType.ITERATION, 1, 0.5, 2)), 1, 5), 1, 1, 0.5, 0.5, 0.25);
    }

    @ParameterizedTest
    @CsvSource({
        // the gradient is (3, 4), with the norm 5
        "1.0, 0.6, 0.8",
        "2.5, 1.5, 2.0",
        "4.999, 2.9994, 3.9992",
        "5.0, 3.0, 4.0",
        "100.0, 3.0, 4.0",
        "Infinity, 3.0, 4.0"
    })
    void clipsGradientsToTheNorm(double norm, double first, double second) {
        Trainer.builder(network)
                .loss(SUM)
                .updater(new Sgd(1))
                .clipNorm(norm)
                .build()
                .fit(Batches.of(threeAndFour));
        INDArray weight = linear.weight();
        assertThat(-weight.getDouble(0)).isCloseTo(first, within(1e-12));
        assertThat(-weight.getDouble(1)).isCloseTo(second, within(1e-12));
    }

    @Test
    void clipsAllParametersTogether() {
        INDArray bias = Nd4j.zeros(DataType.DOUBLE, 1);
        Linear withBias = new Linear("l", Nd4j.zeros(DataType.DOUBLE, 1, 2), bias);
        // The gradient is (2, 2) for the weight and 1 for the bias: norm 3.
        Trainer.builder(new Network(List.of(withBias)))
                .loss(SUM)
                .updater(new Sgd(1))
                .clipNorm(1.5)
                .build()
                .fit(Batches.of(Nd4j.createFromArray(new double[][] {{2, 2}}), Nd4j.zeros(DataType.DOUBLE, 1, 1)));
        assertThat(withBias.weight().getDouble(0)).isCloseTo(-1, within(1e-12));
        assertThat(withBias.weight().getDouble(1)).isCloseTo(-1, within(1e-12));
        assertThat(bias.getDouble(0)).isCloseTo(-0.5, within(1e-12));
    }
}
