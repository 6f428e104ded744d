package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.nn.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

class ProofsTest {
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
    void holdForANetworkThatOnlyLoRAChanged() {
        Proofs proofs = Proofs.of(model, before);
        assertThat(proofs.frozenUnchanged())
                .isEqualTo(
                        Map.of("first.weight", true, "first.bias", true, "second.weight", true, "second.bias", true));
        assertThat(proofs.effectiveWeightExact()).isEqualTo(Map.of("first", true, "second", true));
        assertThat(proofs.disabledEqualsOriginal()).isEqualTo(Map.of("first", true, "second", true));
        assertThat(proofs.hold()).isTrue();
        assertThat(model.active()).containsExactly("one");
    }

    @Test
    void holdForSeveralActiveAdapters() {
        add("two", 1, 0.7, -0.5);
        model.activate("two", "one");
        assertThat(Proofs.of(model, before).hold()).isTrue();
        assertThat(model.active()).containsExactly("two", "one");
    }

    @Test
    void noticeTheSmallestChangeOfAWeight() {
        nudge(network.linear("second").weight(), 0);
        Proofs proofs = Proofs.of(model, before);
        assertThat(proofs.frozenUnchanged())
                .containsEntry("second.weight", false)
                .containsEntry("first.weight", true);
        assertThat(proofs.disabledEqualsOriginal())
                .containsEntry("second", false)
                .containsEntry("first", true);
        assertThat(proofs.hold()).isFalse();
    }

    @Test
    void noticeTheSmallestChangeOfABias() {
        nudge(network.parameters().get(1).value(), 2);
        Proofs proofs = Proofs.of(model, before);
        assertThat(proofs.frozenUnchanged()).containsEntry("first.bias", false).containsEntry("second.bias", true);
        assertThat(proofs.hold()).isFalse();
    }

    @Test
    void noticeAWeightThatIsNotTheSumOfItsParts() {
        Network on = model.mergeActive();
        nudge(on.linear("first").weight(), 4);
        Proofs proofs = Proofs.of(before, network, List.of(model.adapter("one")), on, before);
        assertThat(proofs.effectiveWeightExact()).containsEntry("first", false).containsEntry("second", true);
        assertThat(proofs.disabledEqualsOriginal()).isEqualTo(Map.of("first", true, "second", true));
        assertThat(proofs.hold()).isFalse();
    }

    private static void nudge(INDArray array, long index) {
        array.data().put(index, Math.nextUp(array.data().getFloat(index)));
    }
}
