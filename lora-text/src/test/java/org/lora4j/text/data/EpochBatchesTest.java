package org.lora4j.text.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.input.Sequences;
import org.lora4j.train.Batch;

class EpochBatchesTest {
    private final List<int[]> made = new ArrayList<>();

    private EpochBatches batches(long seed) {
        return new EpochBatches(10, 4, seed, indices -> {
            made.add(indices);
            return new Batch(Sequences.of(new int[][] {indices}), null);
        });
    }

    private int[] epoch(EpochBatches batches) {
        made.clear();
        batches.forEach(batch -> {});
        assertThat(made).extracting(indices -> indices.length).containsExactly(4, 4, 2);
        return made.stream().flatMapToInt(Arrays::stream).toArray();
    }

    @Test
    void eachEpochHasAllExamplesInAnOrderOfItsOwn() {
        EpochBatches batches = batches(1);
        int[] first = epoch(batches);
        int[] second = epoch(batches);
        assertThat(first)
                .containsExactlyInAnyOrder(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
                .isNotEqualTo(second);
        assertThat(second).containsExactlyInAnyOrder(first);
        assertThat(epoch(batches(1))).isEqualTo(first);
        assertThat(epoch(batches(2))).isNotEqualTo(first);
    }

    @Test
    void makesABatchWhenItIsAskedFor() {
        Iterator<Batch> batches = batches(1).iterator();
        assertThat(made).isEmpty();
        batches.next();
        assertThat(made).hasSize(1);
    }
}
