package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** The code blocks of the page about this module. */
class GuideTest {
    private final Network network = Network.builder(784)
            .linear("linear1", 100)
            .relu()
            .linear("linear2", 10)
            .build(1);
    private final DataSetIterator data =
            new SingletonDataSetIterator(new DataSet(Matrices.random(1, 10, 784), Nd4j.eye(10)));

    // spotless:off
    @Test
    void chooseAPrecision() {
        network.setBaseStorage(BaseStorage.of(Precision.BFLOAT16));
        LoRAModel model = LoRAModel.of(network);
        AdapterView nine = model.add("nine", LoRAConfig.of(1, 1));
        try (NativeThreads threads = NativeThreads.forEngine()) {
            assertThat(threads).isNotNull();
            Trainer.builder(nine).updater(new Adam(1e-3)).epochs(2).build().fit(data);
        }
        List<WeightStorage> report = network.weightStorage(); // who multiplies with each layer, in which precision
        assertThat(report).extracting(WeightStorage::layer).containsExactly("linear1", "linear2");
        assertThat(report.get(1).engine()).isEqualTo("ND4J");
    }
    // spotless:on
}
