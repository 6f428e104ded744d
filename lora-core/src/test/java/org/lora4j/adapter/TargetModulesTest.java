package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.Network;

class TargetModulesTest {
    private static Network network(String... paths) {
        Network.Builder builder = Network.builder(2);
        for (String path : paths) {
            builder.linear(path, 2);
        }
        return builder.build(0);
    }

    private static List<String> adapted(LoRAConfigBuilder config, String... paths) {
        return ModuleSelection.of(network(paths), config.build()).adapted();
    }

    private static List<String> words(@Nullable String text) {
        return text == null ? List.of() : Arrays.asList(text.split(" "));
    }

    private static void assertRefused(LoRAConfigBuilder config, String message, String... paths) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> adapted(config, paths))
                .withMessage(message);
    }

    /** What PEFT's own tests hold its names to. */
    @ParameterizedTest
    @CsvSource({
        "fc, fc, true",
        "fc, out, false",
        "fc, fc out, true",
        "encoder.fc, fc, true",
        "encoder.xfc, fc, false",
        "encoder.fc.gate, fc, false",
        "encoder.fc, encoder.fc, true",
        "model.encoder.fc, encoder.fc, true",
        "transformer.h.1.attn.attention.q_proj.lora, q_proj, false",
        "transformer.h.1.attn.attention.q_proj, q_proj v_proj, true",
        "transformer.h.1.attn.attention.out_proj, q_proj v_proj, false",
    })
    void namesMatchWholePathsOrTheirEnds(String path, String entries, boolean matches) {
        assertThat(TargetModules.of(entries.split(" ")).matches(path)).isEqualTo(matches);
    }

    /** What PEFT's own tests hold its expressions to. */
    @ParameterizedTest
    @CsvSource({
        "fc, fc, true",
        "fc, .*c, true",
        "fc, f.*, true",
        "fc, .*out.*, false",
        "fcout, .*cou.*, true",
        "encoder.fc, fc, false",
        "encoder.fc, .*\\.(fc|out), true",
        "encoder.fc2, .*\\.(fc|out), false",
        "fc, (?!fc).*, false",
    })
    void expressionsMatchWholePaths(String path, String expression, boolean matches) {
        assertThat(TargetModules.regex(expression).matches(path)).isEqualTo(matches);
    }

    /** What PEFT's own tests hold its indices of layers to. */
    @ParameterizedTest
    @CsvSource({
        "net.blocks.1.fc, fc, 1, blocks, true",
        "net.blocks.1.fc, fc, 0, blocks, false",
        "net.blocks.1.fc, fc, 2, blocks, false",
        "net.blocks.10.fc, fc, 0, blocks, false",
        "net.blocks.10.fc, fc, 1, blocks, false",
        "net.blocks.10.fc, fc, 10, blocks, true",
        "net.blocks.1.fc, fc, 0 1 2, blocks, true",
        "net.blocks.1.fc, fc out, 1, blocks, true",
        "net.any.1.fc, fc, 1, , true",
        "net.any.1.fc, fc, 0, , false",
        "net.blocks.1.fc, fc, 1, net, false",
        "net.blocks.1.fc, fc, 1, fc, false",
        "net.blocks.1.fc, fc, 1, layers blocks, true",
        "blocks.1.fc, fc, 1, blocks, false",
        "blocks.1.fc, fc, 1, , false",
        "net.xblocks.1.fc, fc, 1, blocks, false",
        "net.blocks.001.fc, fc, 1, blocks, true",
        "net.blocks.1.part.2.fc, fc, 1, blocks, true",
        "net.blocks.2.part.1.fc, fc, 1, blocks, false",
        "net.blocks.2.part.1.fc, fc, 1, , false",
        "net.blocks.2.part.1.fc, fc, 2, , true",
        "net.blocks.1.part.2.fc, fc, 2, part, true",
        "blocks.1.fc, blocks.1.fc, 2, , true",
        "net.blocks.1, 1, 1, blocks, false",
        "mlp.blocks.1.weight, weight, 1, blocks, true",
        "mlp.blocks.1.bias, weight, 1, blocks, false",
    })
    void indicesConfineTheTargets(String path, String entries, String indices, String pattern, boolean matches) {
        LoRAConfig config = LoRAConfig.builder()
                .targetModules(entries.split(" "))
                .layersToTransform(words(indices).stream().map(Integer::valueOf).toList())
                .layersPattern(words(pattern))
                .build();
        assertThat(ModuleSelection.isTarget(path, config)).isEqualTo(matches);
    }

    @Test
    void everyDenseLayerIsTheDefault() {
        assertThat(adapted(LoRAConfig.builder(), "a", "b.c")).containsExactly("a", "b.c");
    }

    @Test
    void excludesTakeFromTheTargets() {
        LoRAConfigBuilder byName = LoRAConfig.builder().excludeModules(TargetModules.of("head"));
        LoRAConfigBuilder byExpression = LoRAConfig.builder().excludeModules(TargetModules.regex("net\\..*"));
        assertThat(adapted(byName, "fc", "net.head")).containsExactly("fc");
        assertThat(adapted(byExpression, "fc", "net.head")).containsExactly("fc");
    }

    @Test
    void layersSavedWholeAreNotAdapted() {
        ModuleSelection selection = ModuleSelection.of(
                network("fc", "head"),
                LoRAConfig.builder().modulesToSave("head").build());
        assertThat(selection.adapted()).containsExactly("fc");
        assertThat(selection.saved()).containsExactly("head");
    }

    @Test
    void refusesANameThatMatchesNothingWithTheNearestPath() {
        assertRefused(
                LoRAConfig.builder().targetModules("linear1", "liner2"),
                "target modules: each must match a layer, found none for 'liner2'; nearest is 'net.linear2';"
                        + " the base has 'net.linear1', 'net.linear2'",
                "net.linear1",
                "net.linear2");
    }

    @Test
    void refusesAnExpressionThatMatchesNothing() {
        assertRefused(
                LoRAConfig.builder().targetModules(TargetModules.regex("conv.*")),
                "target modules: must match a layer, found none for 'conv.*'; the base has 'fc', 'head'",
                "fc",
                "head");
    }

    @Test
    void refusesModulesToSaveThatMatchNothing() {
        assertRefused(
                LoRAConfig.builder().modulesToSave("heat"),
                "modules to save: each must match a layer, found none for 'heat'; nearest is 'head'; the base has"
                        + " 'fc', 'head'",
                "fc",
                "head");
    }

    @TestFactory
    List<DynamicTest> refusesBadArguments() {
        return table(
                argument(() -> adapted(
                                LoRAConfig.builder().targetModules("fc").excludeModules(TargetModules.of("fc")),
                                "fc",
                                "head"))
                        .starts("target modules: at least one layer must be left to adapt, found")
                        .contains("'fc' without 'fc'")
                        .ends("the base has 'fc', 'head'"),
                argument(() -> adapted(
                                LoRAConfig.builder().layersToTransform(List.of(7)),
                                "net.blocks.0.fc",
                                "net.blocks.1.fc"))
                        .contains("layers '7'")
                        .ends("the base has 'net.blocks.0.fc', 'net.blocks.1.fc'"),
                argument(TargetModules::of)
                        .says("target modules must be one or more names that are not blank, found none"),
                argument(() -> TargetModules.of("fc", " "))
                        .says("target modules must be one or more names that are not blank, found 'fc', ' '"),
                argument(() -> new TargetModules.Paths(Collections.nCopies(100_001, "fc")))
                        .says("target modules must be at most 100000 names, found 100001"),
                argument(() -> TargetModules.regex("fc("))
                        .starts("target modules must be a regular expression, found 'fc(': "));
    }
}
