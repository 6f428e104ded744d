package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.ProductEngine;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.BaseStorage;
import org.lora4j.nn.Network;
import org.lora4j.nn.layer.Linear;
import org.lora4j.nn.weight.internal.Engines;
import org.lora4j.train.Loss;
import org.lora4j.train.Trainer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Sgd;

/** Networks whose frozen weights are multiplied by the engine, compared with ND4J's products in doubles. */
@Tag("numbers")
class AdaptedNetworkTest {
    private static final int STEPS = 5;

    private final Network network = network(DataType.FLOAT);

    private static Network network(DataType type) {
        Network exact = Network.builder(200)
                .dataType(DataType.DOUBLE)
                .linear("linear1", 300)
                .relu()
                .linear("linear2", 250)
                .relu()
                .linear("linear3", 10)
                .build(1);
        return type == DataType.DOUBLE
                ? exact
                : exact.with(
                        layer -> layer.with(
                                layer.weight().castTo(type),
                                layer.bias() == null ? null : layer.bias().castTo(type)),
                        layer -> true);
    }

    @BeforeEach
    void needsTheEngine() {
        assertThat(engine()).isInstanceOf(OneDnnEngine.class);
    }

    private static ProductEngine engine() {
        ProductEngine engine = Engines.engine();
        assumeTrue(engine != null, "oneDNN is fast on this processor");
        return Objects.requireNonNull(engine);
    }

    private static INDArray input(DataType type, long rows) {
        return Matrices.random(7, rows, 200).castTo(type);
    }

    private static AdapterView train(Network base, boolean dora) {
        DataType type = base.dataType();
        AdapterView view = LoRAModel.of(base)
                .add("a", LoRAConfig.builder().rank(4).alpha(8).dora(dora).build());
        DataSetIterator data = new SingletonDataSetIterator(
                new DataSet(input(type, 16), Matrices.random(8, 16, 10).castTo(type)));
        Trainer.builder(view)
                .loss(Loss.meanSquaredError())
                .updater(new Sgd(0.5))
                .epochs(STEPS)
                .build()
                .fit(data);
        return view;
    }

    private static double distance(INDArray found, INDArray expected) {
        INDArray exact = expected.castTo(DataType.DOUBLE);
        return found.castTo(DataType.DOUBLE).sub(exact).norm2Number().doubleValue()
                / exact.norm2Number().doubleValue();
    }

    private List<String> engines() {
        return network.weightStorage().stream().map(WeightStorage::engine).toList();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void trainingGivesTheSameAsInDoubles(boolean dora) {
        AdapterView found = train(network, dora);
        AdapterView expected = train(network(DataType.DOUBLE), dora);
        String name = engine().name();
        assertThat(engines()).containsExactly(name, name, "ND4J");
        assertThat(network.weightStorage().get(1).bytes())
                .as("the array, and both directions")
                .isGreaterThan(3L * 4 * 300 * 250);
        for (int rows : new int[] {1, 2, 300}) {
            assertThat(distance(
                            found.predict(input(DataType.FLOAT, rows)), expected.predict(input(DataType.DOUBLE, rows))))
                    .isLessThan(1e-5);
        }
        assertThat(distance(network.predict(input(DataType.FLOAT, 3)), expected.predict(input(DataType.DOUBLE, 3))))
                .as("training has changed the output")
                .isGreaterThan(1e-2);
    }

    @Test
    void aThawedWeightIsMultipliedByNd4jAndPackedAgainAfterwards() {
        network.freeze();
        INDArray x = input(DataType.FLOAT, 5);
        INDArray before = network.predict(x);
        network.unfreeze();
        assertThat(engines()).containsOnly("ND4J");
        assertThat(distance(network.predict(x), before)).isLessThan(1e-6);
        Linear first = network.linear("linear1");
        first.weight().muli(0.5);
        network.freeze();
        Network exact = network(DataType.DOUBLE);
        exact.linear("linear1").weight().muli(0.5);
        assertThat(distance(network.predict(x), exact.predict(input(DataType.DOUBLE, 5))))
                .isLessThan(1e-5);
        assertThat(engines().get(0)).isEqualTo(engine().name());
    }

    @Test
    void theBaseComesBackBitForBit() {
        LoRAModel model = LoRAModel.of(network);
        INDArray x = input(DataType.FLOAT, 5);
        INDArray base = network.predict(x);
        model.add("a", LoRAConfig.of(4, 8));
        model.mergeForPrediction();
        model.predict(x);
        model.unmerge();
        assertThat(ArrayBits.equal(model.base().predict(x), base)).isTrue();
        model.delete("a");
        assertThat(ArrayBits.equal(model.predict(x), base)).isTrue();
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void aPrecisionIsUsedWhereItIsFast(Precision precision) {
        network.freeze();
        network.setBaseStorage(BaseStorage.of(precision));
        boolean isFast = engine().isFast(precision);
        INDArray found = network.predict(input(DataType.FLOAT, 20));
        assertThat(network.weightStorage().get(0).precision()).isEqualTo(precision.name());
        assertThat(engines().get(0)).isEqualTo(isFast ? engine().name() : "ND4J");
        double bound = switch (precision) {
            case FLOAT -> 1e-5;
            case BFLOAT16 -> 1e-2;
            case INT8, INT8_DYNAMIC -> 3e-2;
            case INT4 -> 0.3;
        };
        double error = distance(found, network(DataType.DOUBLE).predict(input(DataType.DOUBLE, 20)));
        assertThat(error).isLessThan(bound);
        if (bound > 1e-5) {
            assertThat(error).as("other bits than in single precision").isGreaterThan(1e-4);
        }
        Network copy = network.copy();
        copy.freeze();
        assertThat(copy.predict(input(DataType.FLOAT, 20)))
                .as("a copy keeps the setting")
                .isEqualTo(found);
    }
}
