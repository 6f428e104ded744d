package org.lora4j.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.Differences;
import org.lora4j.nn.Network;
import org.lora4j.nn.Samples;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.schedule.ISchedule;

/** Compares with {@code torch.optim.AdamW} of PyTorch 2 in double; the bias is in a group without decay there. */
@Tag("numbers")
class AdamWTest {
    private static final double[][] WEIGHT = {{0.5, -0.25, 1.0}, {0.75, 2.0, -1.5}};
    private static final double[] BIAS = {0.1, -0.2};

    private static Network network(DataType type) {
        INDArray weight = Nd4j.createFromArray(WEIGHT).castTo(type);
        INDArray bias = Nd4j.createFromArray(BIAS).castTo(type);
        return new Network(List.of(new Linear("l", weight, bias)));
    }

    private static DataSet batch(DataType type) {
        INDArray features = Nd4j.createFromArray(new double[][] {{1, 0.5, -1}, {0.2, -0.4, 0.6}});
        INDArray labels = Nd4j.createFromArray(new double[][] {{1, 0}, {0, 2}});
        return new DataSet(features.castTo(type), labels.castTo(type));
    }

    private static Network train(DataType type, IUpdater updater, int steps) {
        Network network = network(type);
        Trainer.builder(network)
                .updater(updater)
                .loss(Loss.meanSquaredError())
                .maxIterations(steps)
                .build()
                .fit(batch(type));
        return network;
    }

    /** As PyTorch's case: λ = 0.1 and a large ε, whose place therefore matters. */
    private static AdamW adamW(@Nullable ISchedule schedule) {
        Adam adam = Adam.builder().learningRate(0.05).epsilon(1e-3).build();
        if (schedule != null) {
            adam.setLearningRateSchedule(schedule);
        }
        return new AdamW(adam, 0.1);
    }

    private static void assertParameters(Network network, DataType type, double[] weight, double[] bias) {
        double precision = type == DataType.DOUBLE ? 1e-13 : 1e-6;
        assertThat(Samples.bits(network.linear("l").weight()))
                .usingComparatorWithPrecision(precision)
                .containsExactly(weight);
        assertThat(Samples.bits(network.parameters().get(1).value()))
                .usingComparatorWithPrecision(precision)
                .containsExactly(bias);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void trainsLikePyTorch(DataType type) {
        AdamW updater = adamW(null);
        assertParameters(
                train(type, updater, 1),
                type,
                new double[] {
                    0.5474257609502599,
                    -0.19883892841262785,
                    0.9450483792936623,
                    0.6962934404865334,
                    1.9400330360092501,
                    -1.4425188608072426
                },
                new double[] {0.14984051036682616, -0.15014245014245015});
        assertParameters(
                train(type, updater, 20),
                type,
                new double[] {
                    1.0303688510777824,
                    0.5388837910926743,
                    0.15599672983873344,
                    -0.22627017380335646,
                    0.899665732712686,
                    -0.4474530126452117
                },
                new double[] {-0.06683143071994635, 0.7752467599106173});
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void trainsWithAScheduleLikePyTorch(DataType type) {
        AdamW updater = adamW(new LinearWarmupSchedule(0.05, 4, 20));
        // The first step has the rate 0.
        assertParameters(train(type, updater, 1), type, new double[] {0.5, -0.25, 1.0, 0.75, 2.0, -1.5}, BIAS);
        assertParameters(
                train(type, updater, 5),
                type,
                new double[] {
                    0.6170787369674845,
                    -0.123156153728384,
                    0.8637748146708526,
                    0.6165025143332152,
                    1.8508999672358482,
                    -1.3570888419858036
                },
                new double[] {0.22166229373525273, -0.07540834364468484});
        assertParameters(
                train(type, updater, 20),
                type,
                new double[] {
                    0.8868533207667876,
                    0.21614746545421087,
                    0.5010746896755732,
                    0.235473822231185,
                    1.4232359105327939,
                    -0.9476085702325465
                },
                new double[] {0.3029497055475781, 0.2949760111187845});
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void isAdamWithoutDecay(DataType type) {
        Network adam = train(type, new Adam(0.05), 20);
        Network adamW = train(type, new AdamW(0.05, 0), 20);
        for (int i = 0; i < 2; i++) {
            assertThat(Samples.bits(adamW.parameters().get(i).value()))
                    .isEqualTo(Samples.bits(adam.parameters().get(i).value()));
        }
    }

    @Test
    void aLargeMatrixIsUpdatedInFastLoops() {
        INDArray value = Samples.gaussian(1, DataType.FLOAT, 70, 3000);
        INDArray expected = value.castTo(DataType.DOUBLE);
        Parameter parameter = new Parameter("p", value, true);
        INDArray gradient = Nd4j.zeros(DataType.FLOAT, 70, 3000);
        ParameterUpdater updater = ParameterUpdater.of(new AdamW(0.1, 0.5), parameter, gradient, null);
        assertThat(updater).isInstanceOf(HeapAdam.class);
        // Without gradients, only the decay is left.
        for (int i = 0; i < 10; i++) {
            updater.step(i, 0, null);
            expected.muli(1 - 0.1 * 0.5);
        }
        assertThat(Differences.greatest(value, expected)).isLessThan(1e-6);
        assertThat(value.amaxNumber().doubleValue()).isGreaterThan(1);
    }

    @Test
    void onlyMatricesDecay() {
        Network network = Network.builder(4).linear("l", 3).build(1);
        LoRAModel model = LoRAModel.of(network);
        LoRAConfig config = LoRAConfig.builder().rank(1).dora(true).build();
        AdamW matrices = new AdamW(0.1, 0.5);
        AdamW all = matrices.decayingAll();
        AdapterView view = model.add("a", config);
        assertThat(view.parameters())
                .filteredOn(matrices::decays)
                .extracting(Parameter::name)
                .containsExactlyInAnyOrder("l.lora_A.weight", "l.lora_B.weight");
        assertThat(network.parameters())
                .filteredOn(matrices::decays)
                .extracting(Parameter::name)
                .containsExactly("l.weight");
        assertThat(view.parameters()).hasSize(3).allMatch(all::decays);
        INDArray bias = Nd4j.createFromArray(1f, -2f);
        ParameterUpdater.of(all, new Parameter("b", bias, true), Nd4j.zeros(DataType.FLOAT, 2), null)
                .step(0, 0, null);
        assertThat(bias.toFloatVector()).containsExactly(0.95f, -1.9f);
    }

    @Test
    void keepsTheValueBeforeTheStepInDouble() {
        INDArray value = Samples.gaussian(1, DataType.DOUBLE, 2, 3);
        INDArray start = value.dup();
        INDArray before = value.like();
        Parameter parameter = new Parameter("p", value, true);
        INDArray gradient = Samples.gaussian(2, DataType.DOUBLE, 2, 3);
        ParameterUpdater.of(new AdamW(0.1, 0.5), parameter, gradient, null).step(0, 0, before);
        assertThat(before).isEqualTo(start).isNotEqualTo(value);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-1e-3, Double.NaN, Double.POSITIVE_INFINITY})
    void refusesADecay(double weightDecay) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new AdamW(1e-3, weightDecay))
                .withMessage("weightDecay must not be negative, found " + weightDecay);
    }

    @Test
    void isNoUpdaterOfNd4j() {
        AdamW updater = new AdamW(1e-3, 0.01);
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> updater.instantiate(Nd4j.zeros(1, 4), true))
                .withMessageStartingWith("AdamW must be used with org.lora4j.train.Trainer");
        assertThatExceptionOfType(UnsupportedOperationException.class)
                .isThrownBy(() -> updater.instantiate(Map.of(), true));
    }

    @Test
    void equalsOneWithTheSameNumbers() {
        assertThat(new AdamW(1e-3, 0.01))
                .isEqualTo(new AdamW(1e-3, 0.01).clone())
                .hasSameHashCodeAs(new AdamW(1e-3, 0.01))
                .isNotEqualTo(new AdamW(1e-3, 0.02))
                .isNotEqualTo(new AdamW(2e-3, 0.01))
                .isNotEqualTo(new AdamW(1e-3, 0.01).decayingAll())
                .isNotEqualTo(new Adam(1e-3));
    }
}
