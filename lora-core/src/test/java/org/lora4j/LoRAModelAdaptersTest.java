package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Adding, activating, renaming and deleting. */
@Tag("numbers")
class LoRAModelAdaptersTest {
    private final Network network = SmallModels.network();
    private final INDArray x = SmallModels.input(5);
    private final INDArray base = network.predict(x);
    private final LoRAModel model = LoRAModel.of(network);

    @BeforeEach
    void addTwo() {
        model.add("a", SmallModels.random(1).build());
        model.add("b", SmallModels.random(2).rank(3).build());
    }

    @Test
    void aDefaultAdapterLeavesTheOutputAsItIs() {
        model.add("c", LoRAConfig.of(4, 8));
        assertSameBits(model.using("c").predict(x), base);
    }

    @Test
    void everyParameterOfTheBaseIsFrozen() {
        assertThat(network.parameters()).hasSize(6).noneMatch(Parameter::isTrainable);
    }

    @Test
    void firstAdapterIsActiveAndFurtherOnesAreNot() {
        assertThat(model.names()).containsExactly("a", "b");
        assertThat(model.active()).containsExactly("a");
    }

    @Test
    void addingDoesNotChangeTheOutput() {
        INDArray y = model.predict(x);
        model.add("c", SmallModels.random(3).build());
        assertSameBits(model.predict(x), y);
    }

    @Test
    void refusesANameThatIsTakenAndChangesNothing() {
        INDArray y = model.predict(x);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.add("a", SmallModels.random(7).build()))
                .withMessage("an adapter 'a' exists already; there are [a, b]");
        assertThat(model.names()).containsExactly("a", "b");
        assertSameBits(model.predict(x), y);
    }

    @ParameterizedTest
    @CsvSource({"'', it must not be blank", "'  ', it must not be blank", "__base__, it stands for no adapter"})
    void refusesNamesThatAreBlankOrReserved(String name, String reason) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.add(name, LoRAConfig.of(1, 1)))
                .withMessage(
                        "an adapter's name must be the name of a folder on every platform, other than __base__, found '"
                                + name + "': " + reason);
    }

    @Test
    void aConfigurationThatDoesNotFitChangesNothing() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.add(
                        "c", LoRAConfig.builder().rank(7).init(LoRAInit.pissa()).build()))
                .withMessage("adapter 'c': linear1: rank must be in [1, 6] for PISSA, which takes the factors from the"
                        + " weight, found 7");
        assertThat(model.names()).containsExactly("a", "b");
    }

    @Test
    void activatingSwitchesToTheOtherAdapter() {
        INDArray expected = model.using("b").predict(x);
        model.activate("b");
        assertThat(model.active()).containsExactly("b");
        assertSameBits(model.predict(x), expected);
    }

    @Test
    void activatingNoneIsTheBase() {
        model.activate();
        assertSameBits(model.predict(x), base);
    }

    @Test
    void twoActiveAdaptersAddUp() {
        model.activate("a", "b");
        for (String path : List.of("linear1", "linear2", "linear3")) {
            INDArray original = network.linear(path).weight();
            INDArray a = model.merge("a").linear(path).weight().sub(original);
            INDArray b = model.merge("b").linear(path).weight().sub(original);
            assertClose(
                    model.mergeActive().linear(path).weight(), original.add(a).add(b), 1e-6);
        }
        assertClose(model.predict(x), model.mergeActive().predict(x), 1e-5);
    }

    @Test
    void refusesToActivateWhatDoesNotExist() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.activate("b", "c"))
                .withMessage("no adapter 'c'; there are [a, b]");
        assertThat(model.active()).containsExactly("a");
    }

    @TestFactory
    List<DynamicTest> refusesBadArguments() {
        return table(
                argument(() -> model.activate("b", "b")).says("each adapter must be named once, found [b, b]"),
                argument(() -> model.rename("a", "b")).says("an adapter 'b' exists already; there are [a, b]"),
                argument(() -> model.rename("c", "d")).says("no adapter 'c'; there are [a, b]"),
                argument(() -> model.delete("c")).says("no adapter 'c'; there are [a, b]"));
    }

    @Test
    void renamingKeepsPlaceStateAndOutput() {
        INDArray y = model.predict(x);
        model.rename("a", "z");
        assertThat(model.names()).containsExactly("z", "b");
        assertThat(model.active()).containsExactly("z");
        assertSameBits(model.predict(x), y);
        assertSameBits(model.using("z").predict(x), y);
    }

    @Test
    void deletingAnInactiveAdapterChangesNothingElse() {
        INDArray y = model.predict(x);
        model.delete("b");
        assertThat(model.names()).containsExactly("a");
        assertThat(model.active()).containsExactly("a");
        assertSameBits(model.predict(x), y);
    }

    @Test
    void deletingOneOfTwoActiveAdaptersLeavesTheOther() {
        model.activate("a", "b");
        model.delete("a");
        assertThat(model.active()).containsExactly("b");
        assertSameBits(model.predict(x), model.using("b").predict(x));
    }

    @Test
    void deletingTheLastAdapterLeavesTheBase() {
        model.delete("a");
        model.delete("b");
        assertThat(model.names()).isEmpty();
        assertThat(model.active()).isEmpty();
        assertSameBits(model.predict(x), base);
    }

    @Test
    void aDeletedNameIsFreeAgain() {
        model.delete("a");
        model.delete("b");
        model.add("a", SmallModels.random(1).build());
        assertThat(model.active()).containsExactly("a");
    }

    @Test
    void deletingWhileMergedDropsTheMergedCopy() {
        model.mergeForPrediction();
        model.delete("a");
        assertThat(model.isMerged()).isFalse();
        assertSameBits(model.predict(x), base);
    }

    @TestFactory
    List<DynamicTest> everyQuestionAboutAnUnknownAdapterListsThoseThatThereAre() {
        String message = "no adapter 'c'; there are [a, b]";
        return table(
                argument(() -> model.using("c")).says(message),
                argument(() -> model.merge("c")).says(message),
                argument(() -> model.adapter("c")).says(message),
                argument(() -> model.parameters("c")).says(message),
                argument(() -> model.parameterReport("c")).says(message),
                argument(() -> model.setTrainable("c")).says(message),
                argument(() -> model.save("c", Path.of("c"))).says(message));
    }

    @Test
    void theNetworkUnderTheModelStaysTheBase() {
        model.activate("a", "b");
        model.mergeForPrediction();
        assertThat(model.network()).isSameAs(network);
        assertSameBits(model.network().predict(x), base);
    }

    /** Names that contain each other, and words that adapters' keys are made of. */
    @Test
    void pathsOfAllKindsAreToldApart() {
        Network odd = Network.builder(4)
                .linear("fc", 4)
                .linear("fc.weight", 4)
                .linear("net.fc", 4)
                .linear("fc1", 4)
                .linear("lora", 4)
                .linear("bias.lora_A", 4)
                .linear("lora_foo", 4)
                .build(1);
        LoRAModel over = LoRAModel.of(odd);
        over.add("fc", SmallModels.random(1).targetModules("fc").build());
        over.add(
                "lora",
                SmallModels.random(1).targetModules("lora", "bias.lora_A").build());
        assertThat(over.adapter("fc").weights()).containsOnlyKeys("fc", "net.fc");
        assertThat(over.adapter("lora").weights()).containsOnlyKeys("lora", "bias.lora_A");
        assertThat(over.parameters("lora"))
                .extracting(Parameter::name)
                .containsExactly(
                        "lora.lora_A.weight",
                        "lora.lora_B.weight",
                        "bias.lora_A.lora_A.weight",
                        "bias.lora_A.lora_B.weight");
    }

    @Test
    void aBaseModuleWhoseNameBeginsLikeAFactorIsNeitherTrainedNorStored() {
        Network odd =
                Network.builder(6).linear("lora_foo", 6).relu().linear("fc", 4).build(1);
        LoRAModel over = LoRAModel.of(odd);
        over.add("a", LoRAConfig.builder().rank(2).targetModules("fc").build());
        var before = SmallModels.copies(odd.parameters());
        SmallModels.train(over, 5);
        assertThat(SmallModels.changed(odd.parameters(), before)).isEmpty();
        assertThat(over.parameters("a")).extracting(Parameter::name).allMatch(name -> name.startsWith("fc."));
        assertThat(over.adapter("a").weights()).containsOnlyKeys("fc");
    }

    @Test
    void namesOnlyTheFirstOfManyAdaptersIfOneIsUnknown() {
        for (int i = 0; i < 25; i++) {
            model.add("n" + i, LoRAConfig.of(1, 1));
        }
        int others = model.names().size() - 20;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> model.using("unknown"))
                .withMessageEndingWith("] and " + others + " more");
    }
}
