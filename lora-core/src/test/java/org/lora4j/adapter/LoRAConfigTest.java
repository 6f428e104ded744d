package org.lora4j.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.Network;

class LoRAConfigTest {
    private static void assertRefused(LoRAConfigBuilder builder, String message) {
        assertThatIllegalArgumentException().isThrownBy(builder::build).withMessage(message);
    }

    @Test
    void defaultsAreThoseOfPeft() {
        LoRAConfig config = LoRAConfig.builder().build();
        assertThat(config.rank()).isEqualTo(8);
        assertThat(config.alpha()).isEqualTo(8);
        assertThat(config.rankStabilized()).isFalse();
        assertThat(config.dora()).isFalse();
        assertThat(config.dropout()).isZero();
        assertThat(config.init()).isEqualTo(LoRAInit.kaimingUniform());
        assertThat(config.seed()).isZero();
        assertThat(config.bias()).isEqualTo(BiasTraining.NONE);
        assertThat(config.loraBias()).isFalse();
        assertThat(config.targetModules()).isEqualTo(TargetModules.allLinear());
        assertThat(config.excludeModules()).isNull();
        assertThat(config.layersToTransform()).isEmpty();
        assertThat(config.layersPattern()).isEmpty();
        assertThat(config.rankPattern()).isEmpty();
        assertThat(config.alphaPattern()).isEmpty();
        assertThat(config.modulesToSave()).isEmpty();
        assertThat(config.fanInFanOut()).isFalse();
    }

    @Test
    void shortFormHasTheDefaultsForAllElse() {
        assertThat(LoRAConfig.of(3, 6))
                .isEqualTo(LoRAConfig.builder().rank(3).alpha(6).build());
    }

    @Test
    void builderOfAConfigurationKeepsEveryValue() {
        LoRAConfig config = LoRAConfig.builder()
                .rank(4)
                .alpha(2.5)
                .rankStabilized(true)
                .dropout(0.25)
                .init(LoRAInit.gaussian(0.5))
                .seed(42)
                .bias(BiasTraining.LORA_ONLY)
                .loraBias(true)
                .targetModules("linear1", "linear2")
                .excludeModules(TargetModules.of("linear2"))
                .layersToTransform(List.of(1, 2))
                .layersPattern(List.of("blocks"))
                .rankPattern(Map.of("linear1", 2))
                .alphaPattern(Map.of("linear1", 7.0))
                .modulesToSave("linear3")
                .fanInFanOut(true)
                .build();
        assertThat(config.toBuilder().build()).isEqualTo(config);
        assertThat(config.rank()).isEqualTo(4);
        assertThat(config.alpha()).isEqualTo(2.5);
        assertThat(config.rankStabilized()).isTrue();
        assertThat(config.dora()).isFalse();
        assertThat(config.dropout()).isEqualTo(0.25);
        assertThat(config.init()).isEqualTo(LoRAInit.gaussian(0.5));
        assertThat(config.seed()).isEqualTo(42);
        assertThat(config.bias()).isEqualTo(BiasTraining.LORA_ONLY);
        assertThat(config.loraBias()).isTrue();
        assertThat(config.targetModules()).isEqualTo(TargetModules.of("linear1", "linear2"));
        assertThat(config.excludeModules()).isEqualTo(TargetModules.of("linear2"));
        assertThat(config.layersToTransform()).containsExactly(1, 2);
        assertThat(config.layersPattern()).containsExactly("blocks");
        assertThat(config.rankPattern()).isEqualTo(Map.of("linear1", 2));
        assertThat(config.alphaPattern()).isEqualTo(Map.of("linear1", 7.0));
        assertThat(config.modulesToSave()).containsExactly("linear3");
        assertThat(config.fanInFanOut()).isTrue();
    }

    @Test
    void builderOfADoraConfigurationKeepsIt() {
        LoRAConfig config = LoRAConfig.builder().dora(true).build();
        assertThat(config.toBuilder().build().dora()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, -1, Integer.MIN_VALUE})
    void refusesRanksBelowOne(int rank) {
        assertRefused(LoRAConfig.builder().rank(rank), "rank must be at least 1, found " + rank);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e15, -1e15, 1e308, Double.NaN, Double.POSITIVE_INFINITY})
    void refusesAlphaThatIsNotFiniteOrHuge(double alpha) {
        String rule = " must be finite and less than 1e15 in absolute value, found " + alpha;
        assertRefused(LoRAConfig.builder().alpha(alpha), "alpha" + rule);
        assertRefused(LoRAConfig.builder().alphaPattern(Map.of("fc", alpha)), "alphaPattern of 'fc'" + rule);
    }

    @Test
    void refusesToTrainWithAlphaThatIsNotPositive() {
        Network base = Network.builder(3).linear("fc", 2).build(1);

        for (double alpha : new double[] {0, -1}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> LoRAAdapter.initialize(base, LoRAConfig.of(1, alpha)))
                    .withMessage("alpha must be positive for an adapter that is to be trained, found " + alpha);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> LoRAAdapter.initialize(
                            base,
                            LoRAConfig.builder()
                                    .alphaPattern(Map.of("fc", alpha))
                                    .build()))
                    .withMessageStartingWith("alphaPattern of 'fc' must be positive");
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, 1, 1.5, Double.NaN})
    void refusesDropoutOutsideItsBounds(double dropout) {
        assertRefused(LoRAConfig.builder().dropout(dropout), "dropout must be in [0, 1), found " + dropout);
    }

    @Test
    void refusesLayersPatternAlone() {
        assertRefused(
                LoRAConfig.builder().layersPattern(List.of("blocks")),
                "layersPattern needs layersToTransform, found [blocks] alone");
    }

    @Test
    void refusesRankZeroInAPattern() {
        assertRefused(
                LoRAConfig.builder().rankPattern(Map.of("fc", 0)), "rankPattern of 'fc' must be at least 1, found 0");
    }

    @Test
    void refusesPatternsThatAreNoExpressions() {
        assertThatIllegalArgumentException()
                .isThrownBy(
                        () -> LoRAConfig.builder().rankPattern(Map.of("(", 2)).build())
                .withMessageContaining("'('");
    }

    @Test
    void refusesOddRanksOfTheOrthogonalInitialization() {
        assertRefused(
                LoRAConfig.builder().rank(3).init(LoRAInit.orthogonal()),
                "the orthogonal initialization needs an even rank, found 3");
    }

    @Test
    void refusesOddRanksOfTheOrthogonalInitializationInAPattern() {
        assertRefused(
                LoRAConfig.builder().rank(2).init(LoRAInit.orthogonal()).rankPattern(Map.of("fc", 5)),
                "the orthogonal initialization needs an even rank, found 5");
    }

    @Test
    void refusesDoraWithABiasOfB() {
        assertRefused(
                LoRAConfig.builder().dora(true).loraBias(true),
                "dora cannot be combined with loraBias or with an initialization that subtracts from the base, found loraBias");
    }

    @Test
    void refusesDoraWithAnInitializationThatSubtractsFromTheBase() {
        assertRefused(
                LoRAConfig.builder().dora(true).init(LoRAInit.pissa()),
                "dora cannot be combined with loraBias or with an initialization that subtracts from the base, found PISSA");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void refusesStandardDeviationsThatAreNotFiniteAndPositive(double sigma) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAInit.gaussian(sigma))
                .withMessage("the standard deviation of A must be finite and positive, found " + sigma);
    }

    @Test
    void collectionsAreCopied() {
        List<Integer> layers = new ArrayList<>(List.of(1));
        Map<String, Integer> ranks = new LinkedHashMap<>(Map.of("fc", 2));
        LoRAConfig config = LoRAConfig.builder()
                .layersToTransform(layers)
                .rankPattern(ranks)
                .build();
        layers.add(2);
        ranks.put("other", 3);
        assertThat(config.layersToTransform()).containsExactly(1);
        assertThat(config.rankPattern()).containsExactly(Map.entry("fc", 2));
    }

    @Test
    void scaleIsAlphaOverRank() {
        assertThat(LoRAConfig.of(4, 6).scaleOf("linear1")).isEqualTo(1.5);
    }

    @Test
    void rankStabilizedScaleIsAlphaOverTheRootOfTheRank() {
        LoRAConfig config =
                LoRAConfig.builder().rank(4).alpha(6).rankStabilized(true).build();
        assertThat(config.scaleOf("linear1")).isEqualTo(3);
    }

    @Test
    void patternsChangeRankAndAlphaOfALayer() {
        LoRAConfig config = LoRAConfig.builder()
                .rank(4)
                .alpha(6)
                .rankPattern(Map.of("linear2", 2))
                .alphaPattern(Map.of("linear3", 20.0))
                .build();
        assertThat(config.scaleOf("linear1")).isEqualTo(6.0 / 4);
        assertThat(config.scaleOf("linear2")).isEqualTo(6.0 / 2);
        assertThat(config.scaleOf("linear3")).isEqualTo(20.0 / 4);
    }

    @Test
    void rankStabilizedScaleUsesTheRankOfThePattern() {
        LoRAConfig config = LoRAConfig.builder()
                .alpha(6)
                .rankStabilized(true)
                .rankPattern(Map.of("linear2", 9))
                .build();
        assertThat(config.scaleOf("linear2")).isEqualTo(2);
    }

    @Test
    void patternsMatchTheEndOfAPath() {
        LoRAConfig config =
                LoRAConfig.builder().rankPattern(Map.of("layers.0.fc", 3)).build();
        assertThat(config.rankOf("encoder.layers.0.fc")).isEqualTo(3);
        assertThat(config.rankOf("layers.0.fc")).isEqualTo(3);
        assertThat(config.rankOf("xlayers.0.fc")).isEqualTo(8);
        assertThat(config.rankOf("layers.0.fc.gate")).isEqualTo(8);
    }

    @Test
    void patternsCanBeAnchoredAtTheStart() {
        LoRAConfig config = LoRAConfig.builder().rankPattern(Map.of("^fc", 3)).build();
        assertThat(config.rankOf("fc")).isEqualTo(3);
        assertThat(config.rankOf("encoder.fc")).isEqualTo(8);
    }

    @Test
    void patternsAreExpressions() {
        LoRAConfig config = LoRAConfig.builder()
                .alphaPattern(Map.of("layers\\.[01]\\..*", 3.0))
                .build();
        assertThat(config.alphaOf("encoder.layers.1.fc")).isEqualTo(3);
        assertThat(config.alphaOf("encoder.layers.2.fc")).isEqualTo(8);
    }

    @Test
    void firstPatternThatMatchesCounts() {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        ranks.put("a.fc", 2);
        ranks.put("fc", 3);
        LoRAConfig config = LoRAConfig.builder().rankPattern(ranks).build();
        assertThat(config.rankOf("a.fc")).isEqualTo(2);
        assertThat(config.rankOf("b.fc")).isEqualTo(3);
    }

    @Test
    void theTextNamesWhatIsNotTheDefault() {
        assertThat(LoRAConfig.of(8, 16)).hasToString("LoRAConfig{rank=8, alpha=16.0}");
        assertThat(LoRAConfig.builder().dropout(0.1).dora(true).build())
                .hasToString("LoRAConfig{rank=8, alpha=8.0, dora=true, dropout=0.1}");
    }
}
