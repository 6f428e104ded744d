package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.internal.math.HeapBuffer;
import org.lora4j.internal.math.RowMath;
import org.lora4j.nn.batch.internal.Buffers;
import org.nd4j.linalg.api.buffer.DataType;

/** Layers that are computed again share what they keep, and a layer has no buffer twice. */
@Tag("numbers")
class RecomputationBuffersTest {
    private final Recomputation recomputation = new Recomputation(DataType.FLOAT, 'c');

    @Test
    void theLayersShareTheirBuffers() {
        Buffers first = recomputation.newBuffers();
        Buffers second = recomputation.newBuffers();
        RowMath<?> math = RowMath.of(DataType.FLOAT);
        for (int i = 0; i < 2; i++) {
            assertThat(second.heap(math)).isSameAs(first.heap(math));
            assertThat(second.rows(3)).isSameAs(first.rows(3));
        }
        assertThat(first.heap(math)).isNotSameAs(first.heap(math));
    }

    @Test
    void anArrayGrowsAndStays() {
        HeapBuffer<?> buffer = recomputation.newBuffers().heap(RowMath.of(DataType.FLOAT));
        buffer.reserve(5);
        Object five = buffer.array();
        buffer.reserve(3);
        assertThat(buffer.array()).isSameAs(five).isEqualTo(new float[5]);
        buffer.reserve(6);
        assertThat(buffer.array()).isEqualTo(new float[6]);
    }
}
