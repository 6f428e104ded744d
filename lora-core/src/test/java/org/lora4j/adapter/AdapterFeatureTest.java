package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.lora4j.nn.Network;

/** Hosts that do not compute a feature refuse it, for new adapters and for those of files. */
class AdapterFeatureTest {
    private static final Network NETWORK = Network.builder(3).linear("fc", 3).build(1);
    private static final BaseModel OTHER = new SameDiffBase(NETWORK);

    private static LoRAConfig mica() {
        return LoRAConfig.builder().rank(2).init(LoRAInit.mica()).build();
    }

    @Test
    void aNetworkComputesAll() {
        LoRAAdapter adapter = LoRAAdapter.initialize(NETWORK, mica()).adapter();

        adapter.requireFits(NETWORK);
        assertThat(adapter.config()).isEqualTo(mica());
    }

    @Test
    void anotherHostRefusesBThatStaysFrozen() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAAdapter.initialize(OTHER, mica()))
                .withMessageContaining("does not support a factor B that stays frozen");
        LoRAAdapter adapter = LoRAAdapter.initialize(NETWORK, mica()).adapter();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapter.requireFits(OTHER))
                .withMessageContaining(
                        "a factor B that stays frozen (init_lora_weights \"mica\"), which this host does not"
                                + " support");
    }

    @Test
    void anotherHostRefusesTrainableTokens() {
        LoRAConfig config = LoRAConfig.builder().trainableTokens(1).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAAdapter.initialize(OTHER, config))
                .withMessageContaining("does not support trainable tokens (trainable_token_indices)");
    }

    @Test
    void refusesMiCAWithARankThatTheWeightDoesNotHave() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAAdapter.initialize(
                        NETWORK, mica().toBuilder().rank(4).build()))
                .withMessageContaining("fc: rank must be in [1, 3] for MICA");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> mica().toBuilder().dora(true).build())
                .withMessage("dora must train B, found the initialization MICA, which freezes it");
    }
}
