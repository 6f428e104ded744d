package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.Models;
import org.lora4j.nn.NativeObjects;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;

/** After the first few steps, a training allocates no native memory. */
class TrainerSteadyStateTest {
    private static List<Long> createdByEachStep(Trainer.Builder builder, Batches data) {
        List<Long> created = new ArrayList<>();
        long[] before = {0};
        builder.maxIterations(60)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        long now = NativeObjects.made();
                        created.add(now - before[0]);
                        before[0] = now;
                    }
                })
                .build()
                .fit(data);
        return created.subList(10, 60);
    }

    static Stream<Loss> losses() {
        return Stream.of(Loss.softmaxCrossEntropy(), Loss.meanSquaredError());
    }

    @ParameterizedTest
    @MethodSource("losses")
    void stepsOfAdamAllocateNothing(Loss loss) {
        Network network = Models.dense(784, 100, 50, 10);
        Batches data = Batches.random(1, DataType.FLOAT, 784, 10, 10, 10, 3);
        assertThat(createdByEachStep(Trainer.builder(network).loss(loss), data)).containsOnly(0L);
    }

    @ParameterizedTest
    @MethodSource("losses")
    void stepsOfClippedAdamAllocateNothing(Loss loss) {
        Network network = Models.dense(20, 10, 4);
        Batches data = Batches.random(1, DataType.FLOAT, 20, 4, 10, 10, 3);
        assertThat(createdByEachStep(Trainer.builder(network).loss(loss).clipNorm(1e-3), data))
                .containsOnly(0L);
    }
}
