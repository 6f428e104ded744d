package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.io.FingerprintCheck;
import org.lora4j.io.ReadOptions;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adapters on a graph of dense layers. */
@Tag("numbers")
class SameDiffLoRATest {
    private static final LoRAConfig RANDOM =
            LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random()).build();

    private final Mlp mlp = new Mlp(DataType.FLOAT);
    private final SameDiff graph = mlp.graph;

    @TempDir
    private Path folder;

    static INDArray logits(Map<String, INDArray> outputs) {
        return Objects.requireNonNull(outputs.get("logits"));
    }

    private INDArray logits() {
        return logits(graph.output(mlp.feed(), "logits"));
    }

    private double loss() {
        return Objects.requireNonNull(graph.output(mlp.feedWithLabels(), "loss").get("loss"))
                .getDouble(0);
    }

    private static double difference(INDArray one, INDArray other) {
        return Differences.greatest(one, other);
    }

    private static void assertSameBits(INDArray actual, INDArray expected) {
        assertThat(ArrayBits.equal(actual, expected))
                .as("%s must have the bits of %s", actual, expected)
                .isTrue();
    }

    private static Map<String, INDArray> constants(SameDiff graph) {
        Map<String, INDArray> constants = new LinkedHashMap<>();
        for (SDVariable variable : graph.variables()) {
            if (variable.getVariableType() == VariableType.CONSTANT
                    && variable.dataType().isFPType()) {
                constants.put(variable.name(), variable.getArr().dup());
            }
        }
        return constants;
    }

    /** Operations with inputs and outputs, variables with kinds and consumers, in their order. */
    private static String structure(SameDiff graph) {
        StringBuilder text = new StringBuilder();
        graph.getOps()
                .forEach((name, op) -> text.append(name)
                        .append(' ')
                        .append(op.getOp().opName())
                        .append(op.getInputsToOp())
                        .append(op.getOutputsOfOp())
                        .append(List.of(op.getOp().argNames()))
                        .append(List.of(op.getOp().outputVariablesNames()))
                        .append('\n'));
        graph.getVariables()
                .forEach((name, variable) -> text.append(name)
                        .append(' ')
                        .append(variable.getVariable().getVariableType())
                        .append(variable.getInputsForOp())
                        .append(variable.getOutputOfOp())
                        .append('\n'));
        return text.toString();
    }

    @Test
    void findsTheLayersByTheOperations() {
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        assertThat(lora.paths()).containsExactly("fc1", "fc2", "fc3");
        assertThat(lora.baseLayer("fc1").shape()).containsExactly(8, 6);
        assertThat(lora.baseLayer("fc2").shape()).containsExactly(5, 8);
        assertThat(lora.baseLayer("fc3").shape()).containsExactly(3, 5);
        assertThat(Objects.requireNonNull(lora.baseLayer("fc1").bias()))
                .isEqualTo(graph.getVariable("fc1.bias").getArr());
        assertThat(lora.baseLayer("fc2").bias()).isNotNull();
        assertThat(lora.baseLayer("fc3").bias()).isNull();
        assertThat(lora.refused()).isEmpty();
    }

    static Stream<LoRAConfig> initialConfigs() {
        LoRAConfigBuilder two = LoRAConfig.builder().rank(2).alpha(3);
        return Stream.of(
                two.build(),
                two.rankStabilized(true).build(),
                two.init(LoRAInit.pissa()).build(),
                two.init(LoRAInit.gaussianByRank())
                        .loraBias(true)
                        .bias(BiasTraining.ALL)
                        .build(),
                two.loraBias(false)
                        .bias(BiasTraining.LORA_ONLY)
                        .modulesToSave("fc3")
                        .build());
    }

    @ParameterizedTest
    @MethodSource("initialConfigs")
    void aNewAdapterHasTheOutputOfTheBaseBitForBit(LoRAConfig config) {
        INDArray before = logits();
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", config);
        assertSameBits(logits(lora.using("a").output(mlp.feed(), "logits")), before);
        lora.train("a");
        assertSameBits(logits(), before);
        lora.activate();
        assertSameBits(logits(), before);
    }

    @ParameterizedTest
    @MethodSource("initialConfigs")
    void fitTrainsTheNamedAdapterAndNothingElse(LoRAConfig config) {
        INDArray before = logits();
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", config);
        lora.add("b", RANDOM);
        Map<String, INDArray> constants = constants(graph);
        LoRAAdapter a = lora.adapter("a");
        LoRAAdapter b = lora.adapter("b");
        mlp.setTrainingConfig();
        lora.train("a");
        double first = loss();
        graph.fit(mlp.data());
        for (int i = 0; i < 30; i++) {
            graph.fit(mlp.data());
        }
        assertThat(loss()).isLessThan(0.9 * first);
        assertThat(lora.adapter("a")).isNotEqualTo(a);
        assertThat(lora.adapter("b")).isEqualTo(b);
        constants(graph).forEach((name, array) -> {
            if (constants.containsKey(name)) {
                assertSameBits(array, constants.get(name));
            }
        });
        INDArray trained = logits();
        assertThat(difference(trained, before)).isGreaterThan(1e-2);
        assertSameBits(logits(lora.using("a").output(mlp.feed(), "logits")), trained);
        assertSameBits(logits(lora.base().output(mlp.feed(), "logits")), before);
    }

    @Test
    void trainsOneAdapterAfterTheOther() {
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", RANDOM);
        lora.add("b", RANDOM.toBuilder().rank(3).build());
        mlp.setTrainingConfig();
        lora.train("a");
        graph.fit(mlp.data());
        LoRAAdapter a = lora.adapter("a");
        LoRAAdapter b = lora.adapter("b");
        lora.train("b");
        assertThat(lora.trained()).contains("b");
        assertThat(lora.active()).containsExactly("b");
        graph.fit(mlp.data());
        assertThat(lora.adapter("a")).isEqualTo(a);
        assertThat(lora.adapter("b")).isNotEqualTo(b);
        lora.activate("a", "b");
        assertThat(lora.trained()).isEmpty();
        assertThatThrownBy(() -> graph.fit(mlp.data())).hasMessageContaining("does not contain any trainable");
    }

    @Test
    void eachCallComputesWithTheAdaptersThatItNames() {
        INDArray base = logits();
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", RANDOM);
        lora.add("b", RANDOM.toBuilder().seed(9).build());
        INDArray a = logits(lora.using("a").output(mlp.feed(), "logits"));
        INDArray b = logits(lora.using("b").output(mlp.feed(), "logits"));
        INDArray both = logits(lora.using("a", "b").output(mlp.feed(), "logits"));
        assertThat(difference(a, base)).isGreaterThan(1e-2);
        assertThat(difference(a, b)).isGreaterThan(1e-2);
        assertThat(difference(both, a)).isGreaterThan(1e-2);
        assertSameBits(logits(), base);
        assertThat(difference(logits(lora.merge("a").output(mlp.feed(), "logits")), a))
                .isLessThan(1e-5);
        assertThat(difference(logits(lora.merge("a", "b").output(mlp.feed(), "logits")), both))
                .isLessThan(1e-5);
        lora.activate("b", "a");
        assertThat(difference(logits(), both)).isLessThan(1e-5);
        assertSameBits(logits(lora.using("a").output(mlp.feed(), "logits")), a);
        assertSameBits(logits(lora.base().output(mlp.feed(), "logits")), base);
        assertThat(graph.getSessions()).hasSizeLessThan(2);
    }

    @Test
    void removalLeavesTheGraphAsItWas() {
        INDArray base = logits();
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        String before = structure(graph);
        mlp.setTrainingConfig();
        lora.add(
                "a",
                RANDOM.toBuilder().bias(BiasTraining.ALL).modulesToSave("fc2").build());
        lora.add("b", RANDOM);
        lora.train("a");
        graph.fit(mlp.data());
        lora.activate("a", "b");
        INDArray unusedOutput = lora.using("b").output(mlp.feed(), "logits").get("logits");
        assertThat(unusedOutput).isNotNull();
        assertThat(structure(graph)).isNotEqualTo(before);
        lora.delete("a");
        assertThat(lora.active()).containsExactly("b");
        lora.delete("b");
        assertThat(structure(graph)).isEqualTo(before);
        assertThat(graph.getConstantArrays().arrayNames()).noneMatch(name -> name.startsWith("lora/"));
        assertThat(graph.getUpdaterMap()).isEmpty();
        assertSameBits(logits(), base);
        assertThat(lora.names()).isEmpty();
    }

    @Test
    void restoringMakesTheBaseTrainableAgain() {
        String before = structure(graph);
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        assertThat(structure(graph)).isNotEqualTo(before);
        lora.add("a", RANDOM);
        lora.train("a");
        lora.restore();
        assertThat(structure(graph)).isEqualTo(before);
        mlp.setTrainingConfig();
        INDArray weight = graph.getVariable("fc1.weight").getArr().dup();
        graph.fit(mlp.data());
        assertThat(difference(graph.getVariable("fc1.weight").getArr(), weight)).isPositive();
    }

    @Test
    void aMergedGraphIsPlainAndHasArraysOfItsOwn() {
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", RANDOM.toBuilder().bias(BiasTraining.ALL).build());
        mlp.setTrainingConfig();
        lora.train("a");
        graph.fit(mlp.data());
        INDArray adapted = logits();
        SameDiff merged = lora.merge("a");
        assertThat(merged.getVariables().keySet()).noneMatch(name -> name.startsWith("lora/"));
        assertThat(difference(logits(merged.output(mlp.feed(), "logits")), adapted))
                .isLessThan(1e-5);
        assertThat(merged.getVariable("fc1.weight").getVariableType()).isEqualTo(VariableType.VARIABLE);
        merged.variables().stream()
                .filter(variable -> variable.getVariableType() == VariableType.VARIABLE)
                .forEach(variable -> variable.getArr().assign(0));
        assertSameBits(logits(), adapted);
    }

    @Test
    void exchangesFoldersWithFingerprints() throws Exception {
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", RANDOM.toBuilder().bias(BiasTraining.ALL).build());
        mlp.setTrainingConfig();
        lora.train("a");
        graph.fit(mlp.data());
        INDArray adapted = logits();
        lora.save("a", folder.resolve("a"));
        SameDiffLoRA other = SameDiffLoRA.of(new Mlp(DataType.FLOAT).graph);
        other.load("again", folder.resolve("a"), ReadOptions.of(FingerprintCheck.REQUIRE));
        assertSameBits(logits(other.using("again").output(mlp.feed(), "logits")), adapted);
        assertThat(other.adapter("again").weights()).isEqualTo(lora.adapter("a").weights());
        assertThat(other.parameterReport("again").toString()).contains("fc1");
    }

    @Test
    void aSavedGraphComputesWithItsActiveAdaptersAndTakesNoOthers() {
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", RANDOM);
        mlp.setTrainingConfig();
        lora.train("a");
        graph.fit(mlp.data());
        INDArray adapted = logits();
        File file = folder.resolve("graph.fb").toFile();
        graph.save(file, true);
        SameDiff loaded = SameDiff.load(file, true);
        assertSameBits(logits(loaded.output(mlp.feed(), "logits")), adapted);
        graph.fit(mlp.data());
        loaded.fit(mlp.data());
        assertThat(difference(logits(loaded.output(mlp.feed(), "logits")), logits()))
                .isLessThan(1e-6);
        assertThatThrownBy(() -> SameDiffLoRA.of(loaded))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("must have no adapters yet")
                .hasMessageContaining("lora/a/fc1.lora_A");
        lora.activate();
        graph.save(file, false);
        assertThat(SameDiffLoRA.of(SameDiff.load(file, false)).paths()).containsExactly("fc1", "fc2", "fc3");
    }
}
