package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.BiasTraining;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.SteadyState;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.learning.config.Adam;

/** Trains a {@link LoRAModel}: the chosen parameters train, and no other parameter changes a bit. */
@Tag("numbers")
class AdapterTrainingTest {
    private final Network network = Network.builder(6)
            .linear("linear1", 8)
            .relu()
            .linear("linear2", 7)
            .relu()
            .linear("lora_foo", 4)
            .build(3);
    private final LoRAModel model = LoRAModel.of(network);

    private static LoRAConfigBuilder config(String... targets) {
        return LoRAConfig.builder().rank(2).alpha(6).targetModules(targets);
    }

    private static Batches data() {
        return Batches.random(1, DataType.FLOAT, 6, 4, 5, 5, 3);
    }

    private static void train(Model trained) {
        Trainer.builder(trained).updater(new Adam(0.01)).epochs(3).build().fit(data());
    }

    private static List<String> trainable(Model of) {
        return of.newTrainingPass().trainableParameters().stream()
                .map(Parameter::name)
                .toList();
    }

    private Map<Parameter, double[]> snapshot() {
        Map<Parameter, double[]> bits = new HashMap<>();
        List<Parameter> all = new ArrayList<>(network.parameters());
        model.names().forEach(name -> all.addAll(model.parameters(name)));
        all.forEach(parameter -> bits.put(parameter, Samples.bits(parameter.value())));
        return bits;
    }

    private static void assertChanged(Map<Parameter, double[]> before, Set<Parameter> expected) {
        before.forEach((parameter, bits) -> {
            double[] now = Samples.bits(parameter.value());
            if (expected.contains(parameter)) {
                assertThat(now).as(parameter.name()).isNotEqualTo(bits);
            } else {
                assertThat(now).as(parameter.name()).isEqualTo(bits);
            }
        });
    }

    @ParameterizedTest
    @EnumSource(BiasTraining.class)
    void onlyTheParametersOfTheAdapterTrain(BiasTraining bias) {
        model.add("a", config("linear1", "linear2").bias(bias).build());
        List<String> expected = new ArrayList<>();
        for (String path : List.of("linear1", "linear2")) {
            expected.addAll(List.of(path + ".lora_A.weight", path + ".lora_B.weight"));
            if (bias != BiasTraining.NONE) {
                expected.add(path + ".bias");
            }
        }
        if (bias == BiasTraining.ALL) {
            expected.add("lora_foo.bias");
        }
        assertThat(trainable(model)).containsExactlyInAnyOrderElementsOf(expected);
        Map<Parameter, double[]> before = snapshot();
        train(model);
        assertChanged(before, Set.copyOf(model.parameters("a")));
    }

    @Test
    void savedModulesTrainAsCopies() {
        model.add("a", config("linear1").modulesToSave("lora_foo").build());
        assertThat(trainable(model))
                .containsExactlyInAnyOrder(
                        "linear1.lora_A.weight", "linear1.lora_B.weight", "lora_foo.weight", "lora_foo.bias");
        Map<Parameter, double[]> before = snapshot();
        train(model);
        assertChanged(before, Set.copyOf(model.parameters("a")));
    }

    @Test
    void onlyTheTrainableOneOfTwoActiveAdaptersTrains() {
        model.add("a", config("linear1", "linear2").build());
        train(model);
        model.add("b", config("linear2", "lora_foo").build());
        model.activate("a", "b");
        model.setTrainable("b");
        Map<Parameter, double[]> before = snapshot();
        train(model);
        assertChanged(before, Set.copyOf(model.parameters("b")));
    }

    @Test
    void twoTrainableAdaptersTrainTogether() {
        model.add("a", config("linear1", "linear2").build());
        model.add("b", config("linear2", "lora_foo").build());
        model.activate("a", "b");
        Map<Parameter, double[]> before = snapshot();
        train(model);
        List<Parameter> both = new ArrayList<>(model.parameters("a"));
        both.addAll(model.parameters("b"));
        assertChanged(before, Set.copyOf(both));
    }

    @Test
    void aViewTrainsItsAdapterEvenIfAnotherOneIsActive() {
        model.add("a", config("linear1").build());
        model.add("b", config("linear2").build());
        assertThat(model.active()).containsExactly("a");
        Map<Parameter, double[]> before = snapshot();
        train(model.using("b"));
        assertChanged(before, Set.copyOf(model.parameters("b")));
        assertThat(model.active()).containsExactly("a");
    }

    @Test
    void refusesToTrainWithoutATrainableActiveAdapter() {
        model.add("a", config("linear1").build());
        model.setTrainable();
        assertThatIllegalStateException()
                .isThrownBy(() -> train(model))
                .withMessage(
                        "nothing to train: no active adapter is trainable, found active [a]; trainable []; frozen [a];"
                                + " train a view, Trainer.builder(model.using(name)), or call setTrainable or activate first");
    }

    @Test
    void addedDataIsFrozenUntilSetTrainableAndCanThenTrain() {
        model.add("a", config("linear1", "linear2").build());
        train(model);
        LoRAAdapter data = model.adapter("a");
        model.delete("a");
        model.add("loaded", data);
        assertThat(model.parameters("loaded")).noneMatch(Parameter::isTrainable);
        assertThatIllegalStateException().isThrownBy(() -> train(model));

        model.setTrainable("loaded");
        Map<Parameter, double[]> before = snapshot();
        train(model);
        assertChanged(before, Set.copyOf(model.parameters("loaded")));
    }

    // After the first few steps, a training allocates no native memory.

    private static void assertAllocatesNothing(Model trained) {
        SteadyState.assertReachedIn(
                20,
                state -> Trainer.builder(trained)
                        .epochs(1)
                        .listener(new CountedSteps(state))
                        .build()
                        .fit(data().until(state::isDecided)));
    }

    @Test
    void stepsOfAnAdapterAllocateNothing() {
        model.add("a", config("linear1", "linear2", "lora_foo").build());
        assertAllocatesNothing(model);
    }

    @Test
    void stepsWithBiasesAndSubtractedFactorsAllocateNothing() {
        model.add(
                "a",
                config("linear1", "linear2", "lora_foo")
                        .bias(BiasTraining.ALL)
                        .loraBias(true)
                        .init(LoRAInit.pissa())
                        .build());
        assertAllocatesNothing(model);
    }

    @Test
    void stepsOfTwoAdaptersAndASavedModuleAllocateNothing() {
        model.add("a", config("linear1", "linear2").build());
        model.add("b", config("linear2").modulesToSave("lora_foo").build());
        model.activate("a", "b");
        assertAllocatesNothing(model);
    }
}
