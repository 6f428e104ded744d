package org.lora4j.example.mnist.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

class ChecksTest {
    private final Network network =
            Network.builder(6).linear("first", 5).relu().linear("second", 3).build(1);
    private final Network before = network.copy();
    private final LoRAModel model = LoRAModel.of(network);

    @BeforeEach
    void adapt() {
        add("one", 2, 3, 0.25);
    }

    private void add(String name, int rank, double alpha, double b) {
        model.add(name, LoRAConfig.builder().rank(rank).alpha(alpha).seed(rank).build());
        for (Parameter parameter : model.parameters(name)) {
            if (model.isLoraB(parameter)) {
                parameter.value().assign(b);
            }
        }
    }

    @Test
    void holdAfterAFineTuningOfTheAdapter() {
        Checks checks = Checks.of(model, before);
        assertThat(checks.frozenUnchanged())
                .isEqualTo(
                        Map.of("first.weight", true, "first.bias", true, "second.weight", true, "second.bias", true));
        assertThat(checks.effectiveWeightExact()).isEqualTo(Map.of("first", true, "second", true));
        assertThat(checks.disabledEqualsOriginal()).isEqualTo(Map.of("first", true, "second", true));
        assertThat(checks.hold()).isTrue();
        assertThat(model.active()).containsExactly("one");
    }

    @Test
    void holdForSeveralActiveAdapters() {
        add("two", 1, 0.7, -0.5);
        model.activate("two", "one");
        assertThat(Checks.of(model, before).hold()).isTrue();
        assertThat(model.active()).containsExactly("two", "one");
    }

    @Test
    void detectTheSmallestDifferenceOfAWeight() {
        nudge(network.linear("second").weight(), 0);
        Checks checks = Checks.of(model, before);
        assertThat(checks.frozenUnchanged())
                .containsEntry("second.weight", false)
                .containsEntry("first.weight", true);
        assertThat(checks.disabledEqualsOriginal())
                .containsEntry("second", false)
                .containsEntry("first", true);
        assertThat(checks.hold()).isFalse();
    }

    @Test
    void detectTheSmallestDifferenceOfABias() {
        nudge(network.parameters().get(1).value(), 2);
        Checks checks = Checks.of(model, before);
        assertThat(checks.frozenUnchanged()).containsEntry("first.bias", false).containsEntry("second.bias", true);
        assertThat(checks.hold()).isFalse();
    }

    @Test
    void detectAWeightThatIsNotTheSumOfItsParts() {
        Network on = model.mergeActive();
        nudge(on.linear("first").weight(), 4);
        Checks checks = Checks.of(before, network, List.of(model.adapter("one")), on, before);
        assertThat(checks.effectiveWeightExact()).containsEntry("first", false).containsEntry("second", true);
        assertThat(checks.disabledEqualsOriginal()).isEqualTo(Map.of("first", true, "second", true));
        assertThat(checks.hold()).isFalse();
    }

    private static void nudge(INDArray array, long index) {
        array.data().put(index, Math.nextUp(array.data().getFloat(index)));
    }
}
