package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The losses copy what they cannot read in place. The memory of such a copy must not be freed while they read it. */
@Tag("slow")
class LossMemoryTest {
    private static final int ROWS = 64;
    private static final int COLUMNS = 1024;

    static List<Loss> losses() {
        return List.of(Loss.softmaxCrossEntropy(), Loss.meanSquaredError());
    }

    @ParameterizedTest
    @MethodSource("losses")
    void readsLabelsThatAreAView(Loss loss) throws InterruptedException {
        INDArray output = Nd4j.rand(DataType.FLOAT, ROWS, COLUMNS);
        INDArray gradient = Nd4j.create(DataType.FLOAT, ROWS, COLUMNS);
        INDArray wide = Nd4j.rand(DataType.FLOAT, ROWS, COLUMNS + 7);
        wide.diviColumnVector(wide.get(NDArrayIndex.all(), NDArrayIndex.interval(3, COLUMNS + 3))
                .sum(1));
        INDArray labels = wide.get(NDArrayIndex.all(), NDArrayIndex.interval(3, COLUMNS + 3));
        double expected = loss.compute(output, labels.dup(), gradient);

        AtomicBoolean isDone = new AtomicBoolean();
        Thread collector = new Thread(() -> {
            while (!isDone.get()) {
                // Frees what nothing refers to, and gives its memory away again.
                System.gc();
                Nd4j.rand(DataType.FLOAT, ROWS, COLUMNS);
            }
        });
        collector.start();
        try {
            for (int i = 0; i < 50; i++) {
                assertThat(loss.compute(output, labels, gradient))
                        .as("pass %d", i)
                        .isEqualTo(expected);
            }
        } finally {
            isDone.set(true);
            collector.join();
        }
    }
}
