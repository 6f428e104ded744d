package org.lora4j.documentation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Network;
import org.lora4j.train.MultiTrainer;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The program of the page on trainings that trains many adapters at once. */
class MultiTrainerGuideTest {
    private static final Logger log = LoggerFactory.getLogger(MultiTrainerGuideTest.class);

    private static DataSet data(int rows) {
        return new DataSet(
                RandomArrays.gaussian(new SplittableRandom(rows), 1, DataType.FLOAT, rows, 20),
                Nd4j.ones(DataType.FLOAT, rows, 4).divi(4));
    }

    @Test
    void manyAdaptersAtOnce() {
        LoRAModel model = LoRAModel.of(Network.builder(20)
                .linear("linear1", 10)
                .relu()
                .linear("linear2", 4)
                .build(1));
        Map<String, DataSet> customers = new LinkedHashMap<>();
        Map<String, LoRAAdapter> before = new LinkedHashMap<>();
        for (int i = 1; i <= 3; i++) {
            String name = "customer" + i;
            customers.put(name, data(i));
            before.put(name, model.add(name, LoRAConfig.of(2, 4)).adapter());
        }

        MultiTrainer together = new MultiTrainer();
        customers.forEach((name, data) -> {
            Trainer trainer = Trainer.builder(model.using(name))
                    .updater(new Adam(1e-3))
                    .epochs(5)
                    .build();
            together.add(trainer, data);
        });
        for (MultiTrainer.Outcome outcome : together.fit()) {
            outcome.failure().ifPresent(failure -> log.warn("{} was not trained", outcome.model(), failure));
            assertThat(outcome.result().epochs()).isEqualTo(5);
        }

        before.forEach((name, adapter) -> assertThat(model.adapter(name)).isNotEqualTo(adapter));
    }
}
