package org.lora4j.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.algebra.AdapterSamples.delta;
import static org.lora4j.algebra.AdapterSamples.distance;
import static org.lora4j.algebra.AdapterSamples.layers;
import static org.lora4j.algebra.AdapterSamples.weights;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.adapter.TargetModules;
import org.lora4j.random.IntRange;
import org.lora4j.random.RandomTest;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.factory.Nd4j;

class AdapterConfigsTest {
    private static final DataType D = DataType.DOUBLE;

    /** Paths that end with other paths, and paths with characters that have a meaning in regular expressions. */
    private static final List<String> PATHS =
            List.of("fc", "block.fc", "a.block.fc", "blockXfc", "c+", "(d)", "x-1.fc", "ü", "fc.fc");

    /** Returns ranks from 1 to 3 for some of the paths, in any order. */
    private static Map<String, Integer> ranks(int layers, long seed) {
        Random random = new Random(seed);
        List<String> paths = new ArrayList<>(PATHS);
        Collections.shuffle(paths, random);
        Map<String, Integer> ranks = new LinkedHashMap<>();
        paths.subList(0, layers).forEach(path -> ranks.put(path, 1 + random.nextInt(3)));
        return ranks;
    }

    @RandomTest(tries = 200)
    void eachLayerGetsItsRankAndScaleForAnyName(
            @IntRange(min = 1, max = 9) int layers, long seed, boolean rankStabilized, boolean one) {
        Map<String, Integer> ranks = ranks(layers, seed);
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        ranks.forEach(
                (path, rank) -> weights.put(path, new LoRAWeights(Nd4j.zeros(D, rank, 1), Nd4j.zeros(D, 1, rank))));
        LoRAConfig template = LoRAConfig.builder()
                .rankStabilized(rankStabilized)
                .init(LoRAInit.orthogonal())
                .rankPattern(Map.of("fc", 8))
                .alphaPattern(Map.of(".*", 3.0))
                .build();

        LoRAConfig config = AdapterConfigs.withScales(template, weights, path -> one ? 1 : path.length());

        ranks.forEach((path, rank) -> {
            assertThat(config.rankOf(path)).as(path).isEqualTo(rank);
            assertThat(config.scaleOf(path)).as(path).isCloseTo(one ? 1.0 : path.length(), within(1e-14));
        });
    }

    @Test
    void layersOfOneRankNeedNoPatterns() {
        LoRAConfig config = AdapterConfigs.withScales(
                LoRAConfig.of(8, 8), layers("x", weights(D, 1, 2, 3, 2), "y", weights(D, 1, 2, 3, 2)), path -> 1);

        assertThat(config.rank()).isEqualTo(2);
        assertThat(config.alpha()).isEqualTo(2);
        assertThat(config.rankPattern()).isEmpty();
        assertThat(config.alphaPattern()).isEmpty();
    }

    @Test
    void aCommonSelectionIsKept() {
        LoRAConfig config = LoRAConfig.builder().targetModules("fc").build();

        assertThat(AdapterConfigs.withTargets(
                        List.of(config, config.toBuilder().rank(3).build()), Collections.emptySet()))
                .isEqualTo(config);
    }

    @Test
    void differentSelectionsBecomeExactlyTheirLayers() {
        LoRAAdapter first = new LoRAAdapter(
                LoRAConfig.builder()
                        .rank(2)
                        .targetModules("fc")
                        .excludeModules(TargetModules.of("block.fc"))
                        .build(),
                Map.of("fc", weights(D, 1, 4, 3, 2)));
        LoRAAdapter second = new LoRAAdapter(
                LoRAConfig.builder().rank(3).targetModules("a.fc").build(), Map.of("a.fc", weights(D, 2, 5, 4, 3)));

        LoRAAdapter cat = AdapterCombination.of(first, 1).plus(second, 1).cat();

        TargetModules targets = cat.config().targetModules();
        assertThat(cat.config().excludeModules()).isNull();
        assertThat(targets).isEqualTo(TargetModules.regex("fc|a\\.fc"));
        assertThat(targets.matches("fc") && targets.matches("a.fc")).isTrue();
        assertThat(targets.matches("block.fc") || targets.matches("aXfc")).isFalse();
        assertThat(distance(delta(cat, "fc"), delta(first, "fc"))).isLessThan(1e-12);
        assertThat(distance(delta(cat, "a.fc"), delta(second, "a.fc"))).isLessThan(1e-12);
    }
}
