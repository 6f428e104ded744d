package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.AMSGrad;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Nesterovs;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.schedule.ISchedule;

class LinearWarmupScheduleTest {
    private static double[] rates(ISchedule schedule, int steps) {
        return IntStream.range(0, steps)
                .mapToDouble(i -> schedule.valueAt(i, 0))
                .toArray();
    }

    @Test
    void risesAndFallsInStraightLines() {
        assertThat(rates(new LinearWarmupSchedule(8, 4, 8), 10))
                .usingComparatorWithPrecision(1e-15)
                .containsExactly(0, 2, 4, 6, 8, 6, 4, 2, 0, 0);
    }

    @Test
    void startsAtThePeakWithoutAWarmup() {
        assertThat(rates(new LinearWarmupSchedule(1, 0, 4), 5))
                .usingComparatorWithPrecision(1e-15)
                .containsExactly(1, 0.75, 0.5, 0.25, 0);
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 10", "NaN, 1, 10", "-1, 1, 10", "1, -1, 10", "1, 10, 10", "1, 0, 0"})
    void refusesImpossibleNumbers(double peak, int warmup, int steps) {
        assertThatIllegalArgumentException().isThrownBy(() -> new LinearWarmupSchedule(peak, warmup, steps));
    }

    static Stream<IUpdater> updaters() {
        ISchedule schedule = new LinearWarmupSchedule(0.1, 3, 6);
        return Stream.of(
                new Sgd(schedule),
                new Adam(schedule),
                new AdamW(schedule, 0.1),
                new Nesterovs(schedule),
                AMSGrad.builder().learningRateSchedule(schedule).build());
    }

    /** Where the rate is 0, in the first step and after the last one, no parameter changes. */
    @ParameterizedTest
    @MethodSource("updaters")
    void everyUpdaterFollowsIt(IUpdater updater) {
        Network network = Network.builder(3).linear("l", 2).build(1);
        List<INDArray> weights = new ArrayList<>();
        weights.add(network.linear("l").weight().dup());
        Trainer.builder(network)
                .updater(updater)
                .maxIterations(8)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        weights.add(network.linear("l").weight().dup());
                    }
                })
                .build()
                .fit(Batches.random(1, DataType.FLOAT, 3, 2, 4));
        List<Integer> unchanged = IntStream.rangeClosed(1, 8)
                .filter(i -> weights.get(i).equals(weights.get(i - 1)))
                .boxed()
                .toList();
        // The momentum of Nesterovs goes on.
        if (!(updater instanceof Nesterovs)) {
            assertThat(unchanged).containsExactly(1, 7, 8);
        } else {
            assertThat(unchanged).contains(1);
        }
    }

    @Test
    void aStepOfSgdHasItsRate() {
        Network network = Network.builder(3).linear("l", 2).build(1);
        INDArray start = network.linear("l").weight().dup();
        Batches data = Batches.random(1, DataType.FLOAT, 3, 2, 4);
        Network plain = Network.builder(3).linear("l", 2).build(1);
        Trainer.builder(plain).updater(new Sgd(0.05)).build().fit(data);
        Trainer.builder(network)
                .updater(new Sgd(new LinearWarmupSchedule(0.1, 2, 6)))
                .maxIterations(2)
                .build()
                .fit(data);
        assertThat(Samples.bits(network.linear("l").weight()))
                .isEqualTo(Samples.bits(plain.linear("l").weight()))
                .isNotEqualTo(Samples.bits(start));
    }
}
