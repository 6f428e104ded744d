package org.lora4j.example.mnist;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lora4j.LoRAConfig;
import org.lora4j.LoRAParametrization;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.ndarray.INDArray;

class ProofsTest {
    private final Network network =
            Network.builder(6).linear("first", 5).relu().linear("second", 3).build(1);
    private final Network before = network.copy();
    private LoRALayers lora;

    @BeforeEach
    void adapt() {
        lora = LoRALayers.register(network, LoRAConfig.of(2, 3));
        lora.byPath().values().forEach(layer -> layer.loraB().value().assign(0.25));
    }

    @Test
    void holdForANetworkThatOnlyLoRAChanged() {
        Proofs proofs = Proofs.of(network, before, lora);
        assertThat(proofs.frozenUnchanged())
                .isEqualTo(
                        Map.of("first.weight", true, "first.bias", true, "second.weight", true, "second.bias", true));
        assertThat(proofs.effectiveWeightExact()).isEqualTo(Map.of("first", true, "second", true));
        assertThat(proofs.disabledEqualsOriginal()).isEqualTo(Map.of("first", true, "second", true));
        assertThat(proofs.hold()).isTrue();
        assertThat(lora.byPath().values()).allMatch(LoRAParametrization::isEnabled);
    }

    @Test
    void noticeTheSmallestChangeOfAWeight() {
        nudge(network.linear("second").original().value(), 0);
        Proofs proofs = Proofs.of(network, before, lora);
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
        Proofs proofs = Proofs.of(network, before, lora);
        assertThat(proofs.frozenUnchanged()).containsEntry("first.bias", false).containsEntry("second.bias", true);
        assertThat(proofs.hold()).isFalse();
    }

    @Test
    void noticeAWeightThatIsNotTheSumOfItsParts() {
        // Another decoration adds to the weight as well.
        LoRAParametrization.register(network.linear("first"), "other", LoRAConfig.of(1, 1))
                .loraB()
                .value()
                .assign(1e-3);
        Proofs proofs = Proofs.of(network, before, lora);
        assertThat(proofs.effectiveWeightExact()).containsEntry("first", false).containsEntry("second", true);
        assertThat(proofs.hold()).isFalse();
    }

    private static void nudge(INDArray array, long index) {
        array.data().put(index, Math.nextUp(array.data().getFloat(index)));
    }
}
