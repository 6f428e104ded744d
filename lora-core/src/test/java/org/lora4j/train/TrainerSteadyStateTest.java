package org.lora4j.train;

import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.Models;
import org.lora4j.nn.Network;
import org.lora4j.nn.SteadyState;
import org.nd4j.linalg.api.buffer.DataType;

/** After the first few steps, a training allocates no native memory. */
class TrainerSteadyStateTest {
    private static void assertAllocatesNothing(Supplier<Trainer.Builder> builder, Batches data) {
        SteadyState.assertReachedIn(
                10,
                state -> builder.get()
                        .epochs(1)
                        .listener(new CountedSteps(state))
                        .build()
                        .fit(data.until(state::isDecided)));
    }

    static Stream<Loss> losses() {
        return Stream.of(Loss.softmaxCrossEntropy(), Loss.meanSquaredError());
    }

    @ParameterizedTest
    @MethodSource("losses")
    void stepsOfAdamAllocateNothing(Loss loss) {
        Network network = Models.dense(784, 100, 50, 10);
        Batches data = Batches.random(1, DataType.FLOAT, 784, 10, 10, 10, 3);
        assertAllocatesNothing(() -> Trainer.builder(network).loss(loss), data);
    }

    @ParameterizedTest
    @MethodSource("losses")
    void stepsOfClippedAdamAllocateNothing(Loss loss) {
        Network network = Models.dense(20, 10, 4);
        Batches data = Batches.random(1, DataType.FLOAT, 20, 4, 10, 10, 3);
        assertAllocatesNothing(() -> Trainer.builder(network).loss(loss).clipNorm(1e-3), data);
    }
}
