package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.fixtures.Patience;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine.Direction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Native memory is released with what owns it. */
@Tag("slow")
class MemoryTest {
    private final OneDnnEngine engine = new OneDnnEngine(true);

    /** Other tests find room at once. */
    @AfterEach
    void release() throws InterruptedException {
        Patience.await(() -> {
            System.gc();
            return Pointer.totalBytes() < Pointer.maxBytes() / 4;
        });
    }

    /** Packs a weight when there is room: a thread of JavaCPP releases the memory of others some time after they were collected. */
    private PackedWeight pack(INDArray weight, Direction direction) throws Exception {
        List<PackedWeight> packed = new ArrayList<>();
        Patience.await(() -> engine.prepare(weight, Precision.FLOAT, direction)
                .map(packed::add)
                .orElse(false));
        return packed.get(0);
    }

    @Test
    void weightsThatNobodyUsesAreReleasedBeforeTheLimit() throws Exception {
        INDArray weight = Matrices.random(1, 4096, 2048);
        INDArray x = Matrices.random(2, 2, 4096);
        INDArray y = Nd4j.create(DataType.FLOAT, 2, 2048);
        long bytes = 0;
        while (bytes < 2 * Pointer.maxBytes()) {
            PackedWeight packed = pack(weight, Direction.TRANSPOSED);
            packed.multiply(x, y, false);
            bytes += packed.bytes();
        }
        assertThat(y.equalsWithEps(x.mmul(weight), 1e-2)).isTrue();
    }

    @Test
    void aWeightStaysAliveWhileOthersAreReleased() throws Exception {
        INDArray weight = Matrices.random(1, 1000, 500);
        INDArray x = Matrices.random(2, 4, 1000);
        PackedWeight packed = pack(weight, Direction.TRANSPOSED);
        INDArray expected = Nd4j.create(DataType.FLOAT, 4, 500);
        packed.multiply(x, expected, false);
        for (int i = 0; i < 20; i++) {
            assertThat(pack(weight.add(i), Direction.FORWARD).bytes()).isPositive();
            System.gc();
            INDArray y = Nd4j.create(DataType.FLOAT, 4, 500);
            packed.multiply(x, y, false);
            assertThat(ArrayBits.equal(y, expected)).isTrue();
        }
    }

    @Test
    void halfOfTheMemoryStaysForArrays() throws Exception {
        INDArray weight = Matrices.random(1, 8192, 4096);
        List<PackedWeight> held = new ArrayList<>();
        Optional<PackedWeight> next = engine.prepare(weight, Precision.FLOAT, Direction.FORWARD);
        while (next.isPresent()) {
            held.add(next.get());
            next = engine.prepare(weight, Precision.FLOAT, Direction.FORWARD);
        }
        assertThat(held.size() * held.get(0).bytes()).isBetween(Pointer.maxBytes() / 4, Pointer.maxBytes() / 2);
        held.clear();
        // After a collection that did not help, it looks again after a second.
        assertThat(pack(weight, Direction.FORWARD).bytes()).isPositive();
    }

    @Test
    void moreNumbersOfRowsThanAreKept() throws Exception {
        INDArray weight = Matrices.random(1, 40, 30);
        PackedWeight packed = pack(weight, Direction.TRANSPOSED);
        INDArray all = Matrices.random(2, 3000, 40);
        INDArray expected = all.mmul(weight);
        for (int n = 1; n < 3000; n += n < 300 ? 1 : 7) {
            INDArray x = Matrices.Place.ROWS.of(all.get(NDArrayIndex.interval(0, n), NDArrayIndex.all()));
            INDArray y = Nd4j.create(DataType.FLOAT, n, 30);
            packed.multiply(x, y, false);
            assertThat(y.equalsWithEps(expected.get(NDArrayIndex.interval(0, n), NDArrayIndex.all()), 1e-4))
                    .as("%d rows", n)
                    .isTrue();
        }
        assertThat(engine.matmuls().size())
                .as("numbers of rows above 256 are divided")
                .isLessThan(400);
    }
}
