package org.lora4j.nn.compute.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;

@Tag("numbers")
class HeadPassTest {
    /** DoRA needs this product for its norms, and a head is as high as a vocabulary. */
    @Test
    void theProductsThatUpdatesRequestAreComputedOnceForAllBlocks() {
        Network network = Decoders.of(Decoders.Family.LLAMA, 3, DataType.FLOAT, 400);
        List<Boolean> computed = new ArrayList<>();
        network.linear("lm_head")
                .updates()
                .register(
                        "fake",
                        new FakeUpdate.Requesting(
                                Samples.gaussian(
                                        1,
                                        DataType.FLOAT,
                                        2,
                                        network.linear("lm_head").inputSize()),
                                computed));
        Pass pass = network.newTrainingPass();
        Sequences input = Sequences.of(new int[][] {
            Collections.nCopies(300, 3).stream().mapToInt(id -> id).toArray()
        });
        int[] rows = IntStream.range(0, 4 * HeadPass.BLOCK + 1).toArray();
        for (int step = 0; step < 2; step++) {
            pass.forwardToHead(Segments.of(pass.segment(), input));
            pass.headLoss(0, rows, (output, from) -> 0);
            pass.backwardFromHead();
        }
        assertThat(computed).containsExactly(true, false, false, false, false, true, false, false, false, false);
    }
}
