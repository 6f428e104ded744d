package org.lora4j;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAConfigBuilder;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RandomArrays;
import org.lora4j.nn.Model;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.ViewIterator;
import org.nd4j.linalg.learning.config.Adam;

/** Small networks, inputs and trainings, and comparison to the bit, which {@code INDArray.equals} is not. */
public final class SmallModels {
    public static final int IN = 6;
    public static final int OUT = 4;

    private SmallModels() {}

    /** Three layers, 6 → 8 → 5 → 4. */
    public static Network network(DataType type, long seed) {
        return Models.dense(type, seed, IN, 8, 5, OUT);
    }

    public static Network network() {
        return network(DataType.FLOAT, 1);
    }

    public static LoRAModel model() {
        return LoRAModel.of(network());
    }

    /** Rank 2, scale 1.5, A and B random. */
    public static LoRAConfigBuilder random(long seed) {
        return LoRAConfig.builder().rank(2).alpha(3).init(LoRAInit.random()).seed(seed);
    }

    public static INDArray input(DataType type, int rows, long seed) {
        return RandomArrays.gaussian(new SplittableRandom(seed), 1, type, rows, IN);
    }

    public static INDArray input(int rows) {
        return input(DataType.FLOAT, rows, 5);
    }

    /** Trains for some steps on random data. */
    public static void train(Model model, int steps) {
        DataType type = model.dataType();
        INDArray labels = RandomArrays.gaussian(new SplittableRandom(7), 1, type, 5L * steps, model.outputSize());
        INDArray features = RandomArrays.gaussian(new SplittableRandom(6), 1, type, 5L * steps, model.inputSize());
        Trainer.builder(model)
                .updater(new Adam(0.01))
                .loss(Loss.meanSquaredError())
                .build()
                .fit(new ViewIterator(new DataSet(features, labels), 5));
    }

    /** Moves the parameters of all parametrizations away from where they began. */
    public static void disturb(Network network) {
        SplittableRandom random = new SplittableRandom(9);
        network.linears()
                .forEach(linear -> linear.updates()
                        .all()
                        .values()
                        .forEach(parametrization ->
                                parametrization.parameters().forEach(parameter -> disturb(random, parameter))));
    }

    private static void disturb(SplittableRandom random, Parameter parameter) {
        INDArray value = parameter.value();
        value.addi(RandomArrays.gaussian(random, 0.1, value.dataType(), value.shape()));
    }

    public static double[] values(INDArray array) {
        return array.castTo(DataType.DOUBLE).dup('c').data().asDouble();
    }

    public static boolean sameBits(INDArray actual, INDArray expected) {
        return Arrays.equals(actual.shape(), expected.shape()) && Arrays.equals(values(actual), values(expected));
    }

    public static void assertSameBits(INDArray actual, INDArray expected) {
        assertThat(actual.shape()).isEqualTo(expected.shape());
        assertThat(values(actual)).isEqualTo(values(expected));
    }

    public static void assertClose(INDArray actual, INDArray expected, double tolerance) {
        assertThat(Differences.greatest(actual, expected)).isLessThanOrEqualTo(tolerance);
    }

    /** Copies of the values, by name. */
    public static Map<String, INDArray> copies(List<Parameter> parameters) {
        Map<String, INDArray> copies = new LinkedHashMap<>();
        parameters.forEach(
                parameter -> copies.put(parameter.name(), parameter.value().dup()));
        return copies;
    }

    /** The names of those whose bits differ from the copies. */
    public static List<String> changed(List<Parameter> parameters, Map<String, INDArray> before) {
        List<String> changed = new ArrayList<>();
        for (Parameter parameter : parameters) {
            if (!sameBits(parameter.value(), requireNonNull(before.get(parameter.name())))) {
                changed.add(parameter.name());
            }
        }
        return changed;
    }
}
