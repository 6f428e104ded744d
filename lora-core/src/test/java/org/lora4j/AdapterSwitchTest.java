package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.model.internal.AdapterRegistry;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.SteadyState;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A pass that switches between adapters computes as a new pass does, and reuses what it owns. */
class AdapterSwitchTest {
    private final Network network = SmallModels.network();
    private final AdapterRegistry adapters = new AdapterRegistry(network);
    private final INDArray x = SmallModels.input(5);
    private final INDArray direction = Samples.gaussian(2, DataType.FLOAT, 5, 4);
    private final List<List<String>> choices = List.of(
            List.of("two"),
            List.of("five"),
            List.of(),
            List.of("two", "five"),
            List.of("dora"),
            List.of("five", "dora"),
            List.of("pissa"),
            List.of("dora3", "two"),
            List.of("bias"),
            List.of("dropout", "two"));

    @BeforeEach
    void addAdapters() {
        network.freeze();
        adapters.add("two", SmallModels.random(1).rank(2).build());
        adapters.add("five", SmallModels.random(2).rank(5).alpha(1).build());
        adapters.add("dora", SmallModels.random(3).dora(true).build());
        adapters.add("dora3", SmallModels.random(4).rank(3).dora(true).build());
        adapters.add("pissa", SmallModels.random(5).init(LoRAInit.pissa()).build());
        adapters.add("bias", SmallModels.random(6).loraBias(true).build());
        adapters.add("dropout", SmallModels.random(7).dropout(0.3).build());
    }

    private EffectiveLayers layers(List<String> names) {
        return adapters.state().factored(names);
    }

    @Test
    void givesTheBitsOfANewPass() {
        List<String> chosen = new ArrayList<>(List.of("two"));
        Pass reused = new Pass(network.stack(), true, () -> layers(chosen));
        for (int i = 0; i < 3 * choices.size(); i++) {
            List<String> choice = choices.get(i % choices.size());
            Pass fresh = new Pass(network.stack(), true, () -> layers(choice));
            fresh.segment().setStep(i);
            reused.segment().setStep(i);
            chosen.clear();
            chosen.addAll(choice);
            assertThat(Samples.bits(reused.forward(x))).as(choice.toString()).isEqualTo(Samples.bits(fresh.forward(x)));
            reused.backward(direction);
            fresh.backward(direction);
            assertThat(reused.trainableParameters()).isEqualTo(fresh.trainableParameters());
            for (Parameter parameter : fresh.trainableParameters()) {
                assertThat(Samples.bits(reused.gradient(parameter)))
                        .as(choice + " " + parameter.name())
                        .isEqualTo(Samples.bits(fresh.gradient(parameter)));
            }
        }
    }

    @Test
    void allocatesNothingNative() {
        List<String> chosen = new ArrayList<>(List.of("two"));
        Pass pass = new Pass(network.stack(), false, () -> layers(chosen));
        SteadyState.assertReached(
                3,
                () -> choices.forEach(choice -> {
                    chosen.clear();
                    chosen.addAll(choice);
                    pass.forward(x);
                }));
    }
}
