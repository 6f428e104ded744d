package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.SmallModels;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Model;
import org.lora4j.nn.Samples;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Adam;

/** Many steps, adapters and models in one process. A tenth of each comes before memory is measured the first time. */
@Tag("soak")
class LongRunSoakTest {
    private final INDArray x = Samples.gaussian(1, DataType.FLOAT, 3, 6);

    private static LoRAConfigBuilder random(long seed) {
        return LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random()).seed(seed);
    }

    private static void train(Model model, long steps, TrainingListener listener) {
        Trainer.builder(model)
                .updater(new Adam(1e-3))
                .maxIterations(steps)
                .listener(listener)
                .build()
                .fit(AttackData.batches());
    }

    @Test
    void fiftyThousandStepsStayFiniteAndNeedNoMoreMemory() throws Exception {
        LoRAModel model = LoRAModel.of(SmallModels.network());
        AdapterView lora = model.add("lora", random(1).build());
        AdapterView dora = model.add("dora", random(2).dora(true).build());
        AtomicLong finite = new AtomicLong();
        TrainingListener counter = new TrainingListener() {
            @Override
            public void onIteration(Iteration iteration) {
                finite.addAndGet(Double.isFinite(iteration.loss()) ? 1 : 0);
            }
        };
        train(lora, 2_500, counter);
        train(dora, 2_500, counter);
        ResidentMemory memory = ResidentMemory.measure();
        train(lora, 22_500, counter);
        train(dora, 22_500, counter);
        assertThat(finite).hasValue(50_000);
        assertThat(AttackData.isFinite(lora.predict(x))).isTrue();
        assertThat(AttackData.isFinite(dora.predict(x))).isTrue();
        memory.requireGrowthBelow(30);
    }

    @Test
    void tenThousandAdaptersWithDistinctScalesComeAndGo() throws Exception {
        LoRAModel model = LoRAModel.of(SmallModels.network());
        model.add("stays", random(1).build());
        INDArray expected = model.using("stays").predict(x);
        addAndDelete(model, 0, 1_000);
        ResidentMemory memory = ResidentMemory.measure();
        addAndDelete(model, 1_000, 10_000);
        assertThat(Samples.bits(model.using("stays").predict(x))).isEqualTo(Samples.bits(expected));
        memory.requireGrowthBelow(30);
    }

    private void addAndDelete(LoRAModel model, int from, int to) {
        for (int i = from; i < to; i++) {
            String name = "a" + i;
            AdapterView view = model.add(name, random(i).alpha(1 + i * 1e-3).build());
            INDArray alone = view.predict(x);
            INDArray both = model.using("stays", name).predict(x);
            INDArray mixed = model.predict(x, List.of(name, LoRAModel.BASE, "stays"));
            assertThat(AttackData.isFinite(alone) && AttackData.isFinite(both) && AttackData.isFinite(mixed))
                    .isTrue();
            model.delete(name);
        }
        assertThat(model.names()).containsExactly("stays");
    }

    @Test
    void aThousandModelsAreCreatedAndDropped() throws Exception {
        createAndDrop(100);
        ResidentMemory memory = ResidentMemory.measure();
        createAndDrop(900);
        memory.requireGrowthBelow(30);
    }

    private void createAndDrop(int models) {
        for (int i = 0; i < models; i++) {
            LoRAModel model = LoRAModel.of(SmallModels.network());
            AdapterView view = model.add("a", random(i).build());
            model.add("b", random(i + 1).dora(true).build());
            train(view, 2, new TrainingListener() {});
            INDArray mixed = model.predict(x, List.of("a", "b", LoRAModel.BASE));
            assertThat(AttackData.isFinite(mixed)).isTrue();
            assertThat(Samples.bits(model.merge("a").predict(x))).hasSize(12);
        }
    }
}
