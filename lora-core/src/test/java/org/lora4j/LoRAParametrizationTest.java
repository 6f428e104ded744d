package org.lora4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.SmallModels.assertClose;
import static org.lora4j.SmallModels.assertSameBits;

import ch.qos.logback.classic.Level;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.internal.Logged;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.lora4j.update.internal.RecordingContext;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** One adapted weight: the article's assertions. */
@Tag("numbers")
class LoRAParametrizationTest {
    private final Network network = SmallModels.network();
    private final Linear linear = network.linear("linear1");
    private final INDArray x = SmallModels.input(5);

    private LoRAParametrization random() {
        return LoRAParametrization.register(linear, SmallModels.random(3).build());
    }

    /** {@code W + (B·A)·s}, by loops. */
    private static INDArray effective(INDArray weight, LoRAParametrization lora) {
        INDArray result = weight.dup();
        for (long i = 0; i < weight.size(0); i++) {
            for (long j = 0; j < weight.size(1); j++) {
                double sum = 0;
                for (long k = 0; k < lora.rank(); k++) {
                    sum += lora.loraB().value().getDouble(i, k)
                            * lora.loraA().value().getDouble(k, j);
                }
                result.putScalar(i, j, weight.getDouble(i, j) + sum * lora.scale());
            }
        }
        return result;
    }

    @Test
    void trainingThroughAAndBAloneLeavesEverythingElseUntouched() {
        List<LoRAParametrization> all = network.linears().stream()
                .map(layer -> LoRAParametrization.register(layer, LoRAConfig.of(2, 3)))
                .toList();
        Map<String, INDArray> before = SmallModels.copies(network.parameters());
        SmallModels.train(network, 10);
        assertThat(SmallModels.changed(network.parameters(), before)).isEmpty();
        for (LoRAParametrization lora : all) {
            assertThat(lora.loraB().value().norm1Number().doubleValue()).isPositive();
        }
    }

    @Test
    void originalIsTheArrayOfTheLayerItself() {
        INDArray weight = linear.weight();
        assertThat(random().originalWeight()).isSameAs(weight);
    }

    @Test
    void onlyAAndBAreTrainable() {
        LoRAParametrization lora = random();
        assertThat(linear.parameters()).noneMatch(Parameter::isTrainable);
        assertThat(lora.parameters())
                .allMatch(Parameter::isTrainable)
                .extracting(Parameter::name)
                .containsExactly("linear1.lora_A.weight", "linear1.lora_B.weight");
    }

    @Test
    void whatIsFrozenIsLoggedAtDebugLevel() {
        try (Logged logged = Logged.by(LoRAParametrization.class, Level.DEBUG)) {
            random();
            assertThat(logged.messages())
                    .filteredOn(message -> message.startsWith("DEBUG "))
                    .containsExactly("DEBUG linear1.weight is frozen", "DEBUG linear1.bias is frozen");
        }
    }

    @Test
    void deltaIsZeroAtInitialization() {
        INDArray y = network.predict(x);
        LoRAParametrization lora = LoRAParametrization.register(linear, LoRAConfig.of(2, 3));
        assertSameBits(lora.delta(), Nd4j.zeros(DataType.FLOAT, 8, 6));
        assertSameBits(lora.effectiveWeight(), lora.originalWeight());
        assertSameBits(network.predict(x), y);
    }

    @Test
    void shapesAreThoseOfThePaper() {
        LoRAParametrization lora = random();
        assertThat(lora.loraA().value().shape()).containsExactly(2, 6);
        assertThat(lora.loraB().value().shape()).containsExactly(8, 2);
        assertThat(lora.delta().shape()).containsExactly(8, 6);
        assertThat(lora.rank()).isEqualTo(2);
        assertThat(lora.scale()).isEqualTo(1.5);
    }

    @Test
    void weightIsOriginalPlusScaledProductBitForBit() {
        LoRAParametrization lora = random();
        INDArray product = Nd4j.createUninitialized(DataType.FLOAT, new long[] {8, 6}, 'c');
        Nd4j.gemm(lora.loraB().value(), lora.loraA().value(), product, false, false, 1, 0);
        assertSameBits(lora.effectiveWeight(), lora.originalWeight().add(product.mul(lora.scale())));
        assertClose(lora.effectiveWeight(), effective(lora.originalWeight(), lora), 1e-6);
    }

    @Test
    void rankOneWeightIsExactToTheBitWhoeverComputesIt() {
        LoRAParametrization lora = LoRAParametrization.register(
                linear,
                LoRAConfig.builder().rank(1).alpha(3).init(LoRAInit.random()).build());
        INDArray expected = lora.originalWeight().dup();
        for (long i = 0; i < expected.size(0); i++) {
            for (long j = 0; j < expected.size(1); j++) {
                float product = lora.loraB().value().getFloat(i, 0)
                        * lora.loraA().value().getFloat(0, j);
                expected.putScalar(i, j, lora.originalWeight().getFloat(i, j) + product * 3f);
            }
        }
        assertSameBits(lora.effectiveWeight(), expected);
    }

    @Test
    void outputIsThatOfTheMaterialisedWeight() {
        LoRAParametrization lora = random();
        Network plain = network.merge();
        assertSameBits(plain.linear("linear1").weight(), lora.effectiveWeight());
        assertClose(network.predict(x), plain.predict(x), 1e-5);
    }

    @Test
    void disabledIsTheOriginalBitForBit() {
        INDArray y = network.predict(x);
        LoRAParametrization lora = random();
        INDArray enabled = network.predict(x);
        lora.setEnabled(false);
        assertThat(lora.isEnabled()).isFalse();
        assertSameBits(lora.effectiveWeight(), lora.originalWeight());
        assertSameBits(network.predict(x), y);
        lora.setEnabled(true);
        assertSameBits(network.predict(x), enabled);
        assertThat(SmallModels.sameBits(enabled, y)).isFalse();
    }

    @Test
    void removedIsTheOriginalBitForBit() {
        INDArray y = network.predict(x);
        LoRAParametrization lora = random();
        lora.remove();
        assertSameBits(linear.effectiveWeight(), linear.effectiveWeight());
        assertSameBits(network.predict(x), y);
        assertThat(linear.updates().all()).isEmpty();
    }

    @Test
    void removedCannotBeRemovedOrSwitched() {
        LoRAParametrization lora = random();
        lora.remove();
        assertThatIllegalArgumentException()
                .isThrownBy(lora::remove)
                .withMessage("linear1: no parametrization named 'default'; registered are []");
        assertThatIllegalArgumentException().isThrownBy(() -> lora.setEnabled(true));
    }

    @Test
    void severalOnOneWeightAddUp() {
        LoRAParametrization one = LoRAParametrization.register(
                linear, "one", SmallModels.random(1).build());
        LoRAParametrization two = LoRAParametrization.register(
                linear, "two", SmallModels.random(2).rank(3).build());
        assertSameBits(
                linear.effectiveWeight(), one.originalWeight().add(one.delta()).addi(two.delta()));
        one.setEnabled(false);
        assertSameBits(linear.effectiveWeight(), two.originalWeight().add(two.delta()));
    }

    @Test
    void refusesANameThatIsTaken() {
        random();
        assertThatIllegalArgumentException()
                .isThrownBy(this::random)
                .withMessage("linear1: a parametrization named 'default' is registered already; registered are"
                        + " [default]");
    }

    @ParameterizedTest
    @ValueSource(ints = {6, 7, 20})
    void acceptsAnyRank(int rank) {
        LoRAParametrization lora = LoRAParametrization.register(
                linear, LoRAConfig.builder().rank(rank).init(LoRAInit.random()).build());
        assertThat(lora.loraA().value().shape()).containsExactly(rank, 6);
        assertThat(lora.loraB().value().shape()).containsExactly(8, rank);
        assertClose(network.predict(x), network.merge().predict(x), 1e-5);
        Map<String, INDArray> before = SmallModels.copies(lora.parameters());
        SmallModels.train(network, 3);
        assertThat(SmallModels.changed(lora.parameters(), before)).hasSize(2);
    }

    @ParameterizedTest
    @MethodSource("fromTheWeight")
    void refusesARankThatTheWeightDoesNotHave(LoRAInit init) {
        LoRAConfig config = LoRAConfig.builder().rank(7).init(init).build();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> LoRAParametrization.register(linear, config))
                .withMessage("linear1: rank must be in [1, 6] for " + init
                        + ", which takes the factors from the weight, found 7");
        assertThat(linear.updates().all()).isEmpty();
        assertThat(network.parameters()).allMatch(Parameter::isTrainable);
    }

    static List<LoRAInit> fromTheWeight() {
        return List.of(LoRAInit.pissa(), LoRAInit.olora());
    }

    @Test
    void biasOfBIsScaledAndMergesIntoTheBias() {
        LoRAParametrization lora = LoRAParametrization.register(
                linear, SmallModels.random(3).loraBias(true).build());
        requireNonNull(lora.loraBBias())
                .value()
                .assign(RandomArrays.gaussian(new SplittableRandom(1), 1, DataType.FLOAT, 8));
        Network plain = network.merge();
        INDArray expected = requireNonNull(linear.bias())
                .add(requireNonNull(lora.loraBBias()).value().mul(1.5));
        assertSameBits(requireNonNull(plain.linear("linear1").bias()), expected);
        assertClose(network.predict(x), plain.predict(x), 1e-5);
    }

    @Test
    void dropoutDoesNotTouchPredictions() {
        LoRAParametrization lora = random();
        INDArray expected = network.predict(x);
        lora.remove();
        LoRAParametrization.register(linear, SmallModels.random(3).dropout(0.5).build());
        assertSameBits(network.predict(x), expected);
    }

    @Test
    void weightsStoredTheOtherWayRoundGiveTheSame() {
        INDArray weight = linear.effectiveWeight();
        Linear turned = new Linear(
                "linear1", weight.dup('f'), requireNonNull(linear.bias()).dup());
        LoRAConfig config = SmallModels.random(3).fanInFanOut(true).build();
        LoRAParametrization lora = LoRAParametrization.register(turned, config);
        LoRAParametrization straight = random();
        assertSameBits(lora.loraA().value(), straight.loraA().value());
        assertClose(lora.effectiveWeight(), straight.effectiveWeight(), 1e-6);
        INDArray y = new Network(List.of(turned)).predict(x);
        assertClose(y, new Network(List.of(linear)).predict(x), 1e-5);
    }

    @Test
    void factoredComputationTakesNothingOfTheSizeOfTheWeight() {
        Linear wide = new Linear("wide", Nd4j.zeros(DataType.FLOAT, 500, 400), null);
        LoRAParametrization lora = LoRAParametrization.register(
                wide, SmallModels.random(1).dropout(0.5).build());
        RecordingContext context = new RecordingContext(DataType.FLOAT);
        WeightUpdatePass pass = lora.update().newPass(context);
        INDArray input = Nd4j.ones(DataType.FLOAT, 3, 400);
        INDArray output =
                Nd4j.createUninitializedDetached(DataType.FLOAT, 'f', 3, 500).assign(0);
        pass.forward(input, output, output);
        pass.backward(input, output, output, output);
        pass.addInputGradient(input);
        assertThat(context.gradients()).containsExactlyInAnyOrder("wide.lora_A.weight", "wide.lora_B.weight");
        assertThat(context.elements(3)).isLessThan(500 * 400 / 10);
    }
}
