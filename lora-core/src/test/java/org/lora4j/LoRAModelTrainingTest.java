package org.lora4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What trains, and what does not. */
@Tag("numbers")
class LoRAModelTrainingTest {
    private final Network network = SmallModels.network();
    private final INDArray x = SmallModels.input(5);
    private final LoRAModel model = LoRAModel.of(network);

    private List<String> changedBy(int steps, String adapter) {
        Map<String, INDArray> before = SmallModels.copies(model.parameters(adapter));
        SmallModels.train(model, steps);
        return SmallModels.changed(model.parameters(adapter), before);
    }

    private static List<String> names(List<Parameter> parameters) {
        return parameters.stream().map(Parameter::name).toList();
    }

    @Test
    void onlyParametersOfTheAdapterGetGradients() {
        model.add("a", LoRAConfig.of(2, 3));
        assertThat(model.newTrainingPass().trainableParameters()).containsExactlyElementsOf(model.parameters("a"));
    }

    @Test
    void stepsChangeEveryParameterOfTheAdapterAndNothingElse() {
        model.add("a", LoRAConfig.of(2, 3));
        Map<String, INDArray> before = SmallModels.copies(network.parameters());
        assertThat(changedBy(5, "a")).isEqualTo(names(model.parameters("a")));
        assertThat(SmallModels.changed(network.parameters(), before)).isEmpty();
    }

    @Test
    void anAdapterThatIsNotActiveDoesNotTrain() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).build());
        model.setTrainable("a");
        assertThat(changedBy(5, "b")).isEmpty();
    }

    @Test
    void ofTwoActiveAdaptersOnlyTheChosenOneTrains() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).build());
        model.activate("a", "b");
        model.setTrainable("b");
        Map<String, INDArray> before = SmallModels.copies(model.parameters("a"));
        assertThat(changedBy(5, "b")).isEqualTo(names(model.parameters("b")));
        assertThat(SmallModels.changed(model.parameters("a"), before)).isEmpty();
    }

    @Test
    void aViewTrainsItsAdapterWhateverIsActive() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).build());
        Map<String, INDArray> a = SmallModels.copies(model.parameters("a"));
        Map<String, INDArray> b = SmallModels.copies(model.parameters("b"));
        SmallModels.train(model.using("b"), 5);
        assertThat(SmallModels.changed(model.parameters("a"), a)).isEmpty();
        assertThat(SmallModels.changed(model.parameters("b"), b)).isEqualTo(names(model.parameters("b")));
    }

    @ParameterizedTest
    @CsvSource({
        "NONE, ''",
        "LORA_ONLY, linear1.bias linear2.bias",
        "ALL, linear1.bias linear2.bias linear3.bias",
    })
    void biasesTrainAsCopies(BiasTraining bias, String expected) {
        model.add(
                "a",
                LoRAConfig.builder()
                        .rank(2)
                        .bias(bias)
                        .targetModules("linear1", "linear2")
                        .build());
        INDArray y = network.predict(x);
        Map<String, INDArray> before = SmallModels.copies(network.parameters());
        List<String> changed = changedBy(5, "a");
        assertThat(changed.stream().filter(name -> name.endsWith(".bias")))
                .containsExactlyInAnyOrder(expected.isEmpty() ? new String[0] : expected.split(" "));
        assertThat(SmallModels.changed(network.parameters(), before)).isEmpty();
        assertSameBits(model.base().predict(x), y);
        assertThat(model.adapter("a").biases().keySet().stream().map(path -> path + ".bias"))
                .containsExactlyInAnyOrder(expected.isEmpty() ? new String[0] : expected.split(" "));
        assertClose(model.merge("a").predict(x), model.predict(x), 1e-5);
    }

    @ParameterizedTest
    @CsvSource({"LORA_ONLY, LORA_ONLY", "LORA_ONLY, ALL", "ALL, ALL", "ALL, LORA_ONLY"})
    void severalAdaptersTrainBiasesOfTheirOwnButAreNotAppliedTogether(BiasTraining first, BiasTraining second) {
        model.add("a", LoRAConfig.builder().rank(2).bias(first).build());
        model.add("b", LoRAConfig.builder().rank(2).bias(second).build());
        INDArray a = model.using("a").predict(x);
        model.setTrainable("b");
        model.activate("b");
        assertThat(changedBy(5, "b")).contains("linear1.bias");
        assertSameBits(model.using("a").predict(x), a);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.using("a", "b"))
                .withMessage(
                        "linear1: only one of the adapters that are applied together can have a bias, a whole layer or"
                                + " rows of tokens, found [a, b]");
        assertThat(model.active()).containsExactly("b");
    }

    @Test
    void acceptsASecondAdapterThatLeavesBiasesAlone() {
        model.add("a", LoRAConfig.builder().rank(2).bias(BiasTraining.ALL).build());
        model.add("b", LoRAConfig.of(2, 2));
        assertThat(model.names()).containsExactly("a", "b");
    }

    @Test
    void refusesToSwapInASecondActiveAdapterWithBiases() {
        LoRAModel other = SmallModels.model();
        other.add("c", LoRAConfig.builder().rank(2).bias(BiasTraining.ALL).build());
        model.add("a", LoRAConfig.builder().rank(2).bias(BiasTraining.ALL).build());
        model.add("b", LoRAConfig.of(2, 2));
        model.activate("a", "b");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.replace("b", other.adapter("c")))
                .withMessageStartingWith("linear1: only one of the adapters that are applied together can have a bias");
        model.replace("a", other.adapter("c"));
    }

    @Test
    void modulesToSaveTrainAsCopiesAndAreStoredWithTheAdapter() {
        LoRAConfig config =
                LoRAConfig.builder().rank(2).modulesToSave("linear3").build();
        model.add("a", config);
        INDArray y = network.predict(x);
        Map<String, INDArray> before = SmallModels.copies(network.parameters());
        assertSameBits(model.predict(x), y);
        assertThat(changedBy(5, "a"))
                .contains("linear3.weight", "linear3.bias")
                .doesNotContain("linear3.lora_A.weight");
        assertThat(SmallModels.changed(network.parameters(), before)).isEmpty();
        LoRAAdapter.SavedModule saved =
                requireNonNull(model.adapter("a").savedModules().get("linear3"));
        assertThat(SmallModels.sameBits(
                        saved.weight(), network.linear("linear3").weight()))
                .isFalse();
        assertSameBits(model.merge("a").linear("linear3").weight(), saved.weight());
        assertSameBits(model.base().predict(x), y);
    }

    @Test
    void refusesTwoActiveAdaptersThatSaveTheSameLayer() {
        LoRAConfig config =
                LoRAConfig.builder().rank(2).modulesToSave("linear3").build();
        model.add("a", config);
        model.add("b", config);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.activate("a", "b"))
                .withMessage(
                        "linear3: only one of the adapters that are applied together can have a bias, a whole layer or"
                                + " rows of tokens, found [a, b]");
        assertThat(model.active()).containsExactly("a");
    }

    @Test
    void refusesToSwapInALayerThatAnotherActiveAdapterSaves() {
        LoRAConfig config =
                LoRAConfig.builder().rank(2).modulesToSave("linear3").build();
        model.add("a", config);
        model.add("b", LoRAConfig.of(2, 2));
        model.activate("a", "b");
        LoRAAdapter saving = model.adapter("a");
        INDArray y = model.predict(x);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.replace("b", saving))
                .withMessageContaining("only one of the adapters that are applied together");
        assertSameBits(model.predict(x), y);
    }

    @Test
    void aNewAdapterIsTrainable() {
        model.add("a", SmallModels.random(1).build());
        assertThat(model.parameters("a")).allMatch(Parameter::isTrainable);
    }

    @Test
    void anAdapterFromDataIsFrozenUntilAsked() {
        LoRAModel other = SmallModels.model();
        other.add("a", SmallModels.random(1).build());
        model.add("a", other.adapter("a"));
        assertThat(model.parameters("a")).noneMatch(Parameter::isTrainable);
        model.setTrainable("a");
        assertThat(model.parameters("a")).allMatch(Parameter::isTrainable);
    }

    @Test
    void anAdapterFromDataCanBeTrainedOn() {
        LoRAModel other = SmallModels.model();
        other.add(
                "a",
                LoRAConfig.builder()
                        .rank(2)
                        .modulesToSave("linear3")
                        .bias(BiasTraining.ALL)
                        .build());
        SmallModels.train(other, 3);
        model.add("a", other.adapter("a"));
        assertSameBits(model.predict(x), other.predict(x));
        model.setTrainable("a");
        assertThat(changedBy(3, "a")).isEqualTo(names(model.parameters("a")));
    }

    @Test
    void trainingIsRepeatableToTheBit() {
        INDArray[] results = new INDArray[2];
        for (int i = 0; i < 2; i++) {
            LoRAModel one = SmallModels.model();
            one.add("a", LoRAConfig.builder().rank(2).dropout(0.3).seed(4).build());
            SmallModels.train(one, 10);
            results[i] = one.predict(x);
        }
        assertSameBits(results[1], results[0]);
    }
}
