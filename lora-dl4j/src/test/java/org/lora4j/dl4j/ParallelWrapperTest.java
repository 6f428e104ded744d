package org.lora4j.dl4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Collections;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.fixtures.MustEnd;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;

/** DL4J's ParallelWrapper copies a network for its threads by way of its JSON text, which does not hold the base. */
class ParallelWrapperTest {
    private static final DataSet DATA =
            new DataSet(Networks.normal(DataType.FLOAT, 1, 4, 5), Networks.labels(DataType.FLOAT, 4, 3));

    private static void fit(MultiLayerNetwork network) {
        ParallelWrapper wrapper = new ParallelWrapper.Builder<>(network)
                .workers(2)
                .prefetchBuffer(0)
                .averagingFrequency(1)
                .build();
        try {
            wrapper.fit(new ListDataSetIterator<>(Collections.nCopies(4, DATA), 1));
        } finally {
            wrapper.shutdown();
        }
    }

    @Test
    @MustEnd
    void refusesAnAdaptedNetwork() {
        MultiLayerNetwork base = Networks.dense(DataType.FLOAT);
        INDArray before = base.params().dup();
        MultiLayerNetwork adapted = LoRANetwork.of(base).add("a", Networks.config(1, "first"), new Adam(0.05));
        assertThatThrownBy(() -> fit(adapted))
                .hasStackTraceContaining("layer 'first' must be attached to the network that it adapts");
        Networks.assertSameBits(base.params(), before);
    }

    @Test
    @MustEnd
    @Tag("slow")
    void trainsAMergedNetwork() {
        LoRANetwork<MultiLayerNetwork> lora = LoRANetwork.of(Networks.dense(DataType.FLOAT));
        lora.add("a", Networks.config(1, "first"), new Adam(0.05));
        MultiLayerNetwork merged = lora.merge("a");
        INDArray before = merged.params().dup();
        fit(merged);
        assertThat(merged.params()).isNotEqualTo(before);
    }
}
