package org.lora4j.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.lora4j.Refusals.argument;
import static org.lora4j.Refusals.table;

import java.util.List;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.fixtures.Differences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Predictions into an array of the caller. The random models of the cross tests predict so too. */
class PredictIntoTest {
    private static final int MANY = 1100; // more than two blocks

    private final Network network =
            Network.builder(6).linear("linear1", 9).relu().linear("linear2", 6).build(1);

    @Test
    void equalsANewArrayForManyRows() {
        INDArray x = Nd4j.rand(DataType.FLOAT, MANY, 6);
        INDArray expected = network.predict(x);
        INDArray rows = Nd4j.zeros(DataType.FLOAT, MANY + 2, 6);
        network.predictInto(x, rows.get(NDArrayIndex.interval(1, MANY + 1), NDArrayIndex.all()));
        assertThat(rows.get(NDArrayIndex.interval(1, MANY + 1), NDArrayIndex.all())
                        .dup('c')
                        .toFloatMatrix())
                .isDeepEqualTo(expected.toFloatMatrix());
        assertThat(Differences.fromZero(rows.getRow(0))).isZero();
        assertThat(Differences.fromZero(rows.getRow(MANY + 1))).isZero();
    }

    @Test
    void theOutputMayReplaceTheInput() {
        INDArray x = Nd4j.rand(DataType.FLOAT, MANY, 6);
        INDArray expected = network.predict(x);
        network.predictInto(x, x);
        assertThat(x.toFloatMatrix()).isDeepEqualTo(expected.toFloatMatrix());
    }

    @Test
    void anotherPredictionDoesNotChangeTheArray() {
        LoRAModel model = LoRAModel.of(network);
        model.add("a", LoRAConfig.of(1, 1));
        INDArray y = Nd4j.createUninitialized(DataType.FLOAT, 2, 6);
        INDArray x = Nd4j.rand(DataType.FLOAT, 2, 6);
        model.using("a").predictInto(x, y);
        INDArray expected = model.using("a").predict(x);
        model.predict(Nd4j.ones(DataType.FLOAT, 2, 6));
        assertThat(y.toFloatMatrix()).isDeepEqualTo(expected.toFloatMatrix());
    }

    @TestFactory
    List<DynamicTest> refusesAnotherArray() {
        INDArray x = Nd4j.rand(DataType.FLOAT, 2, 6);
        String rule = "y: must be a matrix [2, 6] of FLOAT, as the output is, found ";
        return table(
                argument(() -> network.predictInto(x, Nd4j.zeros(DataType.FLOAT, 3, 6)))
                        .says(rule + "[3, 6] of FLOAT"),
                argument(() -> network.predictInto(x, Nd4j.zeros(DataType.FLOAT, 2, 5)))
                        .says(rule + "[2, 5] of FLOAT"),
                argument(() -> network.predictInto(x, Nd4j.zeros(DataType.FLOAT, 12)))
                        .says(rule + "[12] of FLOAT"),
                argument(() -> LoRAModel.of(network.copy()).predictInto(x, Nd4j.zeros(DataType.DOUBLE, 2, 6)))
                        .says(rule + "[2, 6] of DOUBLE"),
                argument(() -> network.predictInto(Nd4j.zeros(DataType.FLOAT, 2, 5), x))
                        .says("input: must be a matrix [n, 6] of FLOAT with n ≥ 1, found [2, 5] of FLOAT"));
    }
}
