package org.lora4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.Logged;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Merging into new networks, and into a copy beside the base. */
@SuppressWarnings("try") // A scope works by being open.
@Tag("numbers")
class LoRAModelMergeTest {
    private final Network network = SmallModels.network();
    private final INDArray x = SmallModels.input(5);
    private final INDArray base = network.predict(x);
    private final LoRAModel model = LoRAModel.of(network);

    @BeforeEach
    void addTwo() {
        model.add("a", SmallModels.random(1).loraBias(true).build());
        model.add("b", SmallModels.random(2).rank(3).build());
    }

    private void poison(String name, String parameter, float value) {
        model.parameters(name).stream()
                .filter(candidate -> candidate.name().equals(parameter))
                .forEach(found -> found.value().putScalar(0, 0, value));
    }

    @Test
    void mergedCopyNewNetworkAndFactorsAgree() {
        INDArray factored = model.predict(x);
        Network plain = model.mergeActive();
        model.mergeForPrediction();
        assertThat(model.isMerged()).isTrue();
        assertSameBits(model.predict(x), plain.predict(x));
        assertClose(plain.predict(x), factored, 1e-5);
        assertThat(SmallModels.sameBits(factored, base)).isFalse();
    }

    @Test
    void unmergingBringsBackEveryBit() {
        INDArray factored = model.predict(x);
        model.mergeForPrediction();
        model.unmerge();
        assertThat(model.isMerged()).isFalse();
        assertSameBits(model.predict(x), factored);
    }

    @Test
    void mergingNeverWritesToTheBase() {
        Map<String, INDArray> before = SmallModels.copies(network.parameters());
        for (int i = 0; i < 10; i++) {
            model.mergeForPrediction();
            model.unmerge();
        }
        model.merge("a", "b");
        assertThat(SmallModels.changed(network.parameters(), before)).isEmpty();
        assertSameBits(model.base().predict(x), base);
    }

    @Test
    void newNetworkSharesNoArrayWithTheBase() {
        Network plain = model.merge("b");
        plain.parameters().forEach(parameter -> parameter.value().addi(1));
        assertSameBits(network.predict(x), base);
        assertThat(plain.parameters()).allMatch(Parameter::isTrainable);
    }

    @Test
    void aMergedCopyStaysWhenOtherAdaptersChange() {
        model.mergeForPrediction();
        INDArray merged = model.predict(x);
        model.add("c", SmallModels.random(9).build());
        model.rename("b", "d");
        model.delete("d");
        assertThat(model.isMerged()).isTrue();
        assertSameBits(model.predict(x), merged);
        model.rename("a", "e");
        assertThat(model.isMerged()).isFalse();
    }

    @Test
    void mergingTwiceChangesNothingAndWarns() {
        model.mergeForPrediction();
        INDArray y = model.predict(x);
        assertThat(logged(model::mergeForPrediction)).containsExactly("WARN the adapters [a] are merged already");
        assertSameBits(model.predict(x), y);
    }

    @Test
    void trainingWithAMergedCopyWarns() {
        model.setTrainable("a");
        model.mergeForPrediction();
        assertThat(logged(model::newTrainingPass))
                .containsExactly("WARN the merged copy of [a] does not follow the training; unmerge drops it");
    }

    private static List<String> logged(Runnable action) {
        try (Logged logged = Logged.by(LoRAModel.class)) {
            action.run();
            return logged.messages();
        }
    }

    @Test
    void twoMergedEqualTwoActive() {
        model.activate("a", "b");
        INDArray factored = model.predict(x);
        model.mergeForPrediction();
        assertClose(model.predict(x), factored, 1e-5);
        model.unmerge();
        assertSameBits(model.predict(x), factored);
    }

    @Test
    void activatingOthersWhileMergedUsesTheirFactors() {
        INDArray b = model.using("b").predict(x);
        model.mergeForPrediction();
        model.activate("b");
        assertThat(model.isMerged()).isFalse();
        assertSameBits(model.predict(x), b);
    }

    @Test
    void viewsOfOtherAdaptersAreNotTouchedByAMergedCopy() {
        INDArray b = model.using("b").predict(x);
        model.mergeForPrediction();
        assertSameBits(model.using("b").predict(x), b);
        assertSameBits(model.base().predict(x), base);
    }

    @Test
    void addingWhileMergedComputesTheSame() {
        INDArray factored = model.predict(x);
        model.mergeForPrediction();
        model.add("c", SmallModels.random(3).build());
        assertClose(model.predict(x), factored, 1e-5);
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void refusesWeightsThatAreNotFiniteNamingTheLayer(float value) {
        poison("a", "linear2.lora_A.weight", value);
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> model.merge("a"))
                .withMessage(
                        "linear2.weight: merged values must be finite, found NaN or an infinity; adapters are [a]");
        assertThatExceptionOfType(ArithmeticException.class).isThrownBy(model::mergeForPrediction);
        assertThat(model.isMerged()).isFalse();
    }

    @Test
    void refusesBiasesThatAreNotFiniteNamingTheLayer() {
        model.parameters("a").stream()
                .filter(parameter -> parameter.name().equals("linear3.lora_B.bias"))
                .forEach(parameter -> parameter.value().putScalar(1, Float.NaN));
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> model.merge("a"))
                .withMessageStartingWith("linear3.bias: merged values must be finite");
    }

    @Test
    void otherAdaptersCanBeMergedBesideOneThatIsNotFinite() {
        poison("a", "linear2.lora_A.weight", Float.NaN);
        assertClose(model.merge("b").predict(x), model.using("b").predict(x), 1e-5);
    }

    @Test
    void disablingGivesTheBaseWithAndWithoutMergedCopy() {
        INDArray factored = model.predict(x);
        try (LoRAModel.Scope scope = model.disable()) {
            assertSameBits(model.predict(x), base);
        }
        assertSameBits(model.predict(x), factored);
        model.mergeForPrediction();
        INDArray merged = model.predict(x);
        try (LoRAModel.Scope scope = model.disable()) {
            assertSameBits(model.predict(x), base);
            assertThat(model.isEnabled()).isFalse();
        }
        assertSameBits(model.predict(x), merged);
    }

    @Test
    void nestedScopesEndWithTheOuterOne() {
        INDArray factored = model.predict(x);
        try (LoRAModel.Scope outer = model.disable()) {
            try (LoRAModel.Scope inner = model.disable()) {
                assertThat(model.isEnabled()).isFalse();
            }
            assertSameBits(model.predict(x), base);
        }
        assertThat(model.isEnabled()).isTrue();
        assertSameBits(model.predict(x), factored);
    }

    @Test
    void overlappingScopesEndWithTheLastOne() {
        LoRAModel.Scope first = model.disable();
        LoRAModel.Scope second = model.disable();
        first.close();
        assertThat(model.isEnabled()).isFalse();
        second.close();
        assertThat(model.isEnabled()).isTrue();
    }

    @Test
    void closingAScopeAgainDoesNothing() {
        LoRAModel.Scope first = model.disable();
        first.close();
        LoRAModel.Scope second = model.disable();
        first.close();
        assertThat(model.isEnabled()).isFalse();
        second.close();
        first.close();
        assertThat(model.isEnabled()).isTrue();
    }

    @Test
    void anExceptionInAScopeRestoresWhatWasBefore() {
        INDArray factored = model.predict(x);
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> {
            try (LoRAModel.Scope scope = model.disable()) {
                throw new IllegalStateException("in the scope");
            }
        });
        assertSameBits(model.predict(x), factored);
    }

    @Test
    void scopesDoNotTouchViews() {
        INDArray b = model.using("b").predict(x);
        try (LoRAModel.Scope scope = model.disable()) {
            assertSameBits(model.using("b").predict(x), b);
        }
    }
}
