package org.lora4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAWeights;
import org.lora4j.nn.Network;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Adapters as data: what fits, what does not, and that nothing is shared. */
class LoRAAdapterDataTest {
    private final LoRAModel model = SmallModels.model();
    private final INDArray x = SmallModels.input(5);

    private static LoRAWeights weights(long rank, long in, long out) {
        return new LoRAWeights(Nd4j.ones(DataType.FLOAT, rank, in), Nd4j.ones(DataType.FLOAT, out, rank));
    }

    private void assertRefused(LoRAAdapter data, String... problems) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.add("a", data))
                .withMessage("adapter 'a': the adapter must fit the base, found " + String.join("; ", problems)
                        + "; the base has [linear1, linear2, linear3]");
        assertThat(model.names()).isEmpty();
    }

    @Test
    void everythingThatDoesNotFitIsListedAtOnce() {
        Map<String, LoRAWeights> weights = new LinkedHashMap<>();
        weights.put("linear1", weights(2, 7, 8));
        weights.put("linear2", weights(3, 8, 5));
        weights.put("linear3", weights(2, 5, 9));
        weights.put("linear4", weights(2, 5, 4));
        assertRefused(
                new LoRAAdapter(LoRAConfig.of(2, 2), weights),
                "linear1.lora_A must be [2, 6], found [2, 7]",
                "linear2: the configuration says rank 2, found 3",
                "linear3.lora_B must be [4, 2], found [9, 2]",
                "no layer 'linear4'");
    }

    @Test
    void refusesBiasesAndLayersOfAnotherShape() {
        LoRAConfig config = LoRAConfig.builder().rank(2).bias(BiasTraining.ALL).build();
        assertRefused(
                new LoRAAdapter(
                        config,
                        Map.of("linear1", weights(2, 6, 8)),
                        Map.of("linear2", Nd4j.ones(DataType.FLOAT, 6)),
                        Map.of("linear3", new LoRAAdapter.SavedModule(Nd4j.ones(DataType.FLOAT, 5, 4), null))),
                "linear2.bias must be [5], found [6]",
                "linear3.weight must be [4, 5], found [5, 4]",
                "linear3.bias: the layer has one, found none");
    }

    @Test
    void refusesBiasesThatTheConfigurationDoesNotTrain() {
        assertRefused(
                new LoRAAdapter(
                        LoRAConfig.of(2, 2),
                        Map.of("linear1", weights(2, 6, 8)),
                        Map.of("linear2", Nd4j.ones(DataType.FLOAT, 5)),
                        Map.of()),
                "the configuration says bias NONE, found biases of [linear2]");
    }

    @Test
    void refusesALayerBothAdaptedAndSavedWhole() {
        LoRAAdapter.SavedModule saved =
                new LoRAAdapter.SavedModule(Nd4j.ones(DataType.FLOAT, 8, 6), Nd4j.ones(DataType.FLOAT, 8));
        assertRefused(
                new LoRAAdapter(
                        LoRAConfig.of(2, 2), Map.of("linear1", weights(2, 6, 8)), Map.of(), Map.of("linear1", saved)),
                "linear1: a saved module must have neither factors nor a separate bias, found them");
    }

    @Test
    void refusesABiasOfALayerThatHasNone() {
        LoRAModel bare =
                LoRAModel.of(Network.builder(6).linear("linear1", 8, false).build(1));
        LoRAConfig config = LoRAConfig.builder().rank(2).bias(BiasTraining.ALL).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> bare.add(
                        "a",
                        new LoRAAdapter(
                                config,
                                Map.of("linear1", weights(2, 6, 8)),
                                Map.of("linear1", Nd4j.ones(DataType.FLOAT, 8)),
                                Map.of())))
                .withMessageContaining("linear1.bias: the layer has none, found one");
    }

    @Test
    void refusesAMagnitudeThatTheConfigurationDoesNotExpect() {
        LoRAWeights dora = new LoRAWeights(
                Nd4j.ones(DataType.FLOAT, 2, 6), Nd4j.ones(DataType.FLOAT, 8, 2), Nd4j.ones(DataType.FLOAT, 8), null);
        assertRefused(
                new LoRAAdapter(LoRAConfig.of(2, 2), Map.of("linear1", dora)),
                "linear1: the configuration says dora false, found a magnitude");
    }

    @Test
    void swappingInWhatDoesNotFitChangesNothing() {
        model.add("a", SmallModels.random(1).build());
        INDArray y = model.predict(x);
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        model.replace("a", new LoRAAdapter(LoRAConfig.of(2, 2), Map.of("linear1", weights(2, 7, 8)))));
        assertSameBits(model.predict(x), y);
    }

    @TestFactory
    List<DynamicTest> refusesBadArguments() {
        return table(
                argument(() -> new LoRAAdapter(LoRAConfig.of(1, 1), Map.of()))
                        .says("an adapter must adapt at least one layer, found none"),
                argument(() -> new LoRAWeights(Nd4j.ones(DataType.FLOAT, 2, 6), Nd4j.ones(DataType.FLOAT, 8, 3)))
                        .says("lora_A [r, in] and lora_B [out, r] must share r, found [2, 6] and [8, 3]"),
                argument(() -> new LoRAWeights(Nd4j.ones(DataType.FLOAT, 2, 6), Nd4j.ones(DataType.DOUBLE, 8, 2)))
                        .says("lora_B must be [8, 2] of FLOAT like lora_A, found [8, 2] of DOUBLE"));
    }

    @Test
    void magnitudeAndBiasOfBMustHaveTheShapeOfTheOutput() {
        INDArray a = Nd4j.ones(DataType.FLOAT, 2, 6);
        INDArray b = Nd4j.ones(DataType.FLOAT, 8, 2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoRAWeights(a, b, Nd4j.ones(DataType.FLOAT, 6), null))
                .withMessage("lora_magnitude_vector must be [8] of FLOAT like lora_A, found [6] of FLOAT");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new LoRAWeights(a, b, null, Nd4j.ones(DataType.FLOAT, 6)))
                .withMessage("lora_B.bias must be [8] of FLOAT like lora_A, found [6] of FLOAT");
    }

    @Test
    void whatIsAddedIsCopied() {
        LoRAConfig config = LoRAConfig.builder()
                .rank(2)
                .bias(BiasTraining.ALL)
                .loraBias(true)
                .modulesToSave("linear3")
                .build();
        LoRAModel other = SmallModels.model();
        other.add("a", config);
        LoRAAdapter data = other.adapter("a");
        model.add("a", data);
        INDArray y = model.predict(x);
        spoil(data);
        assertSameBits(model.predict(x), y);
    }

    @Test
    void whatIsAskedForIsCopied() {
        model.add(
                "a",
                SmallModels.random(1)
                        .bias(BiasTraining.ALL)
                        .loraBias(true)
                        .modulesToSave("linear3")
                        .build());
        INDArray y = model.predict(x);
        spoil(model.adapter("a"));
        assertSameBits(model.predict(x), y);
    }

    private static void spoil(LoRAAdapter data) {
        data.weights().values().forEach(weights -> {
            weights.loraA().addi(1);
            weights.loraB().addi(1);
            requireNonNull(weights.loraBBias()).addi(1);
        });
        data.biases().values().forEach(bias -> bias.addi(1));
        data.savedModules().values().forEach(saved -> {
            saved.weight().addi(1);
            requireNonNull(saved.bias()).addi(1);
        });
    }

    @Test
    void dataTakeTheTypeOfTheNetwork() {
        model.add("a", SmallModels.random(1).build());
        LoRAModel doubles = LoRAModel.of(SmallModels.network(DataType.DOUBLE, 1));
        doubles.add("a", model.adapter("a"));
        INDArray y = doubles.predict(x.castTo(DataType.DOUBLE));
        assertThat(y.dataType()).isEqualTo(DataType.DOUBLE);
        assertClose(y.castTo(DataType.FLOAT), model.predict(x), 1e-5);
    }

    @Test
    void adapterGoesThereAndBackBitForBit() {
        model.add("a", SmallModels.random(1).build());
        LoRAModel other = SmallModels.model();
        other.add("b", model.adapter("a"));
        LoRAWeights there = requireNonNull(model.adapter("a").weights().get("linear2"));
        LoRAWeights back = requireNonNull(other.adapter("b").weights().get("linear2"));
        assertSameBits(back.loraA(), there.loraA());
        assertSameBits(back.loraB(), there.loraB());
        assertSameBits(other.predict(x), model.predict(x));
    }
}
