package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.algebra.TargetRank;
import org.lora4j.nn.Network;

/** Values of a configuration that were accepted once, or refused without a word. */
class ConfigChecksTest {
    private static final Network BASE = Network.builder(1000).linear("fc", 3).build(1);

    @TestFactory
    List<DynamicTest> refusesRanksThatNoLayerHas() {
        return table(
                argument(() -> LoRAConfig.of(Integer.MAX_VALUE, 1))
                        .says("rank must be at most 1048576, found 2147483647"),
                argument(() -> LoRAConfig.builder()
                                .rankPattern(Map.of("fc", Integer.MAX_VALUE))
                                .build())
                        .says("rankPattern of 'fc' must be at most 1048576, found 2147483647"),
                argument(() -> TargetRank.of(Integer.MAX_VALUE))
                        .says("the target rank must be at most 1048576, found 2147483647"));
    }

    @TestFactory
    List<DynamicTest> refusesBadArguments() {
        return table(
                argument(() -> LoRAAdapter.initialize(BASE, LoRAConfig.of(1 << 20, 1)))
                        .says(
                                "fc: rank must be at most 536870, so that A and B have at most 536870911 elements each, found"
                                        + " 1048576"),
                argument(() -> LoRAAdapter.initialize(
                                BASE,
                                LoRAConfig.builder()
                                        .targetModules("fc")
                                        .modulesToSave("fc")
                                        .build()))
                        .says(
                                "target modules: at least one layer must be left to adapt, found 'fc', without the modules to"
                                        + " save 'fc'; the base has 'fc'"));
    }

    @Test
    @SuppressWarnings("NullAway") // The null elements are what is tested.
    void namesASettingThatHoldsNull() {
        LoRAConfigBuilder config = LoRAConfig.builder();
        Map<String, Integer> nullRank = new HashMap<>();
        nullRank.put("fc", null);
        Map<String, Double> nullKey = new HashMap<>();
        nullKey.put(null, 2.0);
        assertNull(
                () -> config.modulesToSave("head", null).build(),
                "modulesToSave must not hold null, found null at index 1");
        assertNull(
                () -> config.modulesToSave(List.of())
                        .layersToTransform(Collections.singletonList(null))
                        .build(),
                "layersToTransform must not hold null, found null at index 0");
        assertNull(
                () -> config.layersToTransform(List.of(1))
                        .layersPattern(Arrays.asList("a", null))
                        .build(),
                "layersPattern must not hold null, found null at index 1");
        assertNull(
                () -> LoRAConfig.builder().rankPattern(nullRank).build(),
                "rankPattern must not hold null, found null at 'fc'");
        assertNull(
                () -> LoRAConfig.builder().alphaPattern(nullKey).build(),
                "the keys of alphaPattern must not hold null, found null at a key");
        assertNull(() -> TargetModules.of("fc", null), "target modules must not hold null, found null at index 1");
    }

    private static void assertNull(ThrowingCallable call, String message) {
        assertThatNullPointerException().isThrownBy(call).withMessage(message);
    }

    @Test
    void keepsTheOrderOfPatterns() {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        ranks.put("z", 1);
        ranks.put("a", 2);
        assertThat(LoRAConfig.builder().rankPattern(ranks).build().rankPattern().keySet())
                .containsExactly("z", "a");
    }
}
