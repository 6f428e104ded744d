package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.fixtures.Patience;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Buffers of predictions must not keep the arrays of deleted adapters: at most those of the last few. */
@Tag("slow")
class DeletedAdaptersTest {
    private static final int ROUNDS = 40;
    private static final int AT_ONCE = 25;

    private final LoRAModel model = SmallModels.model();
    private final List<WeakReference<INDArray>> arrays = new ArrayList<>();
    private final Input x = Input.of(SmallModels.input(2 * AT_ONCE));

    private void addPredictAndDelete(int round) {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < AT_ONCE; i++) {
            String name = "r" + round + "n" + i;
            LoRAConfigBuilder config = SmallModels.random(i).rank(1 + i % 4).dora(i % 3 == 0);
            if (i % 5 == 1) {
                config.modulesToSave("linear3").targetModules("linear1");
            }
            model.add(name, config.build());
            names.add(name);
            names.add(name);
            model.parameters(name).forEach(parameter -> arrays.add(new WeakReference<>(parameter.value())));
        }
        model.setTrainable();
        model.predict(x, names);
        model.predict(x, names);
        names.stream().distinct().forEach(name -> model.using(name).predict(x));
        names.stream().distinct().forEach(model::delete);
    }

    private long alive() {
        System.gc();
        return arrays.stream().filter(array -> array.get() != null).count();
    }

    @Test
    void predictionsKeepNoArraysOfDeletedAdapters() throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            addPredictAndDelete(round);
        }
        assertThat(model.names()).isEmpty();
        assertThat(arrays).hasSizeGreaterThan(ROUNDS * AT_ONCE);
        // Each place keeps what it was bound to last: a few adapters for each layer and thread, never more with time.
        Patience.await(() -> alive() < arrays.size() / 10);
    }
}
