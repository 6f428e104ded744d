package org.lora4j.samediff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.lora4j.Refusals.refused;
import static org.lora4j.Refusals.state;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.Refusals;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.autodiff.samediff.VariableType;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A merged graph computes what the graph computes with the adapter, whatever the layers share. */
@Tag("numbers")
class SameDiffMergeTest {
    private static final LoRAConfig RANDOM =
            LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random()).build();

    private final SplittableRandom random = new SplittableRandom(11);
    private final SameDiff graph = SameDiff.create();
    private final SDVariable x = graph.placeHolder("x", DataType.DOUBLE, -1, 4);
    private final Map<String, INDArray> feed = Map.of("x", gaussian(3, 4));

    private INDArray gaussian(long... shape) {
        return RandomArrays.gaussian(random, 0.6, DataType.DOUBLE, shape);
    }

    private SDVariable weight(String name) {
        return graph.var(name + ".weight", gaussian(4, 4));
    }

    /** Two layers with one bias. */
    private SameDiffLoRA sharedBias() {
        SDVariable bias = graph.var("shared.bias", gaussian(4));
        SDVariable h = graph.math().tanh(x.mmul(weight("fc1")).add("z1", bias));
        graph.nn().linear("y", h, weight("fc2"), bias);
        return SameDiffLoRA.of(graph);
    }

    private INDArray changed(INDArray array) {
        return array.add(gaussian(array.shape()));
    }

    /** Adds an adapter with other biases than those of the base. */
    private void addChanged(SameDiffLoRA lora, LoRAConfig config) {
        LoRAAdapter initial = LoRAAdapter.initialize(lora, config).adapter();
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        initial.weights()
                .forEach((path, one) -> weights.put(
                        path,
                        new LoRAWeights(one.loraA(), one.loraB(), null, one.loraBBias() == null ? null : gaussian(4))));
        Map<String, INDArray> biases = new LinkedHashMap<>();
        initial.biases().forEach((path, bias) -> biases.put(path, changed(bias)));
        Map<String, LoRAAdapter.SavedModule> saved = new LinkedHashMap<>();
        initial.savedModules()
                .forEach((path, module) -> saved.put(
                        path,
                        new LoRAAdapter.SavedModule(
                                changed(module.weight()), changed(Objects.requireNonNull(module.bias())))));
        lora.add("a", new LoRAAdapter(config, weights, biases, saved));
    }

    private static INDArray y(Map<String, INDArray> outputs) {
        return Objects.requireNonNull(outputs.get("y"));
    }

    private void requireMergedIsAdapted(SameDiffLoRA lora) {
        INDArray adapted = y(lora.using("a").output(feed, "y"));
        INDArray base = y(lora.base().output(feed, "y"));
        assertThat(adapted.distance2(base)).isGreaterThan(0.01);
        assertThat(y(lora.merge("a").output(feed, "y")).distance2(adapted)).isLessThan(1e-12);
        assertThat(ArrayBits.equal(y(lora.base().output(feed, "y")), base)).isTrue();
    }

    @ParameterizedTest
    @EnumSource(BiasTraining.class)
    void aSharedBiasBecomesOneForEachLayer(BiasTraining bias) {
        SameDiffLoRA lora = sharedBias();
        addChanged(lora, RANDOM.toBuilder().targetModules("fc1").bias(bias).build());
        requireMergedIsAdapted(lora);
    }

    @Test
    void aSharedBiasOfAModuleToSaveStaysThatOfTheOtherLayer() {
        SameDiffLoRA lora = sharedBias();
        addChanged(
                lora,
                RANDOM.toBuilder().targetModules("fc1").modulesToSave("fc2").build());
        requireMergedIsAdapted(lora);
    }

    @Test
    void aBiasOfBIsNotAddedToTheLayerThatSharesTheBias() {
        SameDiffLoRA lora = sharedBias();
        addChanged(lora, RANDOM.toBuilder().targetModules("fc2").loraBias(true).build());
        requireMergedIsAdapted(lora);
    }

    @Test
    void theNewBiasIsAVariableIfTheSharedOneWas() {
        SameDiffLoRA lora = sharedBias();
        addChanged(lora, RANDOM.toBuilder().bias(BiasTraining.ALL).build());
        SameDiff merged = lora.merge("a");
        assertThat(merged.getVariable("fc1.bias").getVariableType()).isEqualTo(VariableType.VARIABLE);
        assertThat(merged.getVariable("shared.bias").getVariableType()).isEqualTo(VariableType.VARIABLE);
        assertThat(merged.hasVariable("fc2.bias")).isFalse();
        assertThat(graph.hasVariable("fc1.bias")).isFalse();
    }

    @Test
    void aBiasThatSomethingElseReadsKeepsItsValueThere() {
        SDVariable bias = graph.var("fc1.bias", gaussian(4));
        x.mmul(weight("fc1")).add("z1", bias).add("y", bias.mul(2));
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        addChanged(lora, RANDOM.toBuilder().bias(BiasTraining.ALL).build());
        requireMergedIsAdapted(lora);
    }

    @Test
    void refusesAnOperationOnAnAdaptedWeightThatWasAddedLater() {
        SDVariable w = weight("fc1");
        SDVariable h = graph.math().tanh(x.mmul(w));
        h.mmul(weight("fc2")).mul("z", 1);
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        lora.add("a", RANDOM.toBuilder().targetModules("fc1").build());
        lora.add("b", RANDOM.toBuilder().targetModules("fc2").build());
        lora.activate("a");
        graph.mmul("later", graph.getVariable("z"), w).mul("y", 1);
        String message =
                "fc1: only the operations that the graph had when it was frozen can use an adapted weight, found"
                        + " 'later' too; save the adapters, restore() the graph, and freeze it again";
        Refusals.check(
                state(() -> lora.using("a").output(feed, "y")).says(message),
                refused(Throwable.class, () -> lora.merge("a")).says(message),
                refused(Throwable.class, () -> lora.train("a")).says(message));
        assertThat(lora.active()).containsExactly("a");
        // An adapter of other weights is not concerned.
        assertThat(y(lora.merge("b").output(feed, "y"))
                        .distance2(y(lora.using("b").output(feed, "y"))))
                .isLessThan(1e-12);
        lora.activate("b");
        assertThatThrownBy(() -> lora.activate("a", "b")).hasMessage(message);
        assertThat(lora.active()).containsExactly("b");
        lora.restore();
        SameDiffLoRA again = SameDiffLoRA.of(graph);
        again.add("a", RANDOM.toBuilder().targetModules("fc1").build());
        requireMergedIsAdapted(again);
    }

    @Test
    void anOperationOnTheOutputCanBeAddedLater() {
        x.mmul(weight("fc1")).add("z", graph.var("fc1.bias", gaussian(4)));
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        addChanged(lora, RANDOM.toBuilder().loraBias(true).build());
        graph.math().tanh("y", graph.getVariable("z"));
        requireMergedIsAdapted(lora);
    }

    @Test
    void refusesToMergeABiasOfBWhoseProductSomethingElseReads() {
        SDVariable product = x.mmul(weight("fc1"));
        product.add("y", graph.var("fc1.bias", gaussian(4)));
        SameDiffLoRA lora = SameDiffLoRA.of(graph);
        addChanged(lora, RANDOM.toBuilder().loraBias(true).build());
        graph.getVariable("y").add("later", product);
        assertThatThrownBy(() -> lora.merge("a"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "fc1: a bias of B can be merged if the addition of the bias alone reads the product")
                .hasMessageContaining("found 'later' too; let them read 'y' instead");
    }
}
