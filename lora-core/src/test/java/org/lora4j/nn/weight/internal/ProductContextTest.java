package org.lora4j.nn.weight.internal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Samples;
import org.lora4j.nn.SteadyState;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Products that are large enough to be divided, and others. */
@Tag("numbers")
class ProductContextTest {
    private static final int ROWS = 64;
    private static final int IN = 500;
    private static final int OUT = 701;

    private final ProductContext product = new ProductContext();

    private void assertComputes(INDArray x, INDArray weight, char order) {
        INDArray y = Nd4j.create(weight.dataType(), new long[] {x.size(0), weight.size(0)}, order);
        y.assign(Double.NaN);
        product.multiply(x, weight, y);
        assertThat(y.equalsWithEps(x.mmul(weight.transpose()), 1e-9)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"c, c, f", "f, c, f", "c, f, f", "c, c, c"})
    void equalsTheProductInEveryOrder(char xOrder, char weightOrder, char yOrder) {
        INDArray x = Samples.gaussian(1, DataType.DOUBLE, ROWS, IN).dup(xOrder);
        INDArray weight = Samples.gaussian(2, DataType.DOUBLE, OUT, IN).dup(weightOrder);
        for (int blas : new int[] {1, 2}) {
            NativeThreads threads = NativeThreads.forBlas(blas);
            try (threads) {
                assertComputes(x, weight, yOrder);
            }
        }
    }

    @Test
    void acceptsOtherSizesAndWeightsInEachCall() {
        NativeThreads threads = NativeThreads.forBlas(1);
        try (threads) {
            for (int rows : new int[] {ROWS, 1, 3 * ROWS, ROWS}) {
                for (int out : new int[] {OUT, 1, 2 * OUT}) {
                    assertComputes(
                            Samples.gaussian(rows, DataType.DOUBLE, rows, IN),
                            Samples.gaussian(out, DataType.DOUBLE, out, IN),
                            'f');
                }
            }
        }
    }

    @Test
    void readsAViewOfALargerWeight() {
        NativeThreads threads = NativeThreads.forBlas(1);
        try (threads) {
            INDArray weights = Samples.gaussian(1, DataType.DOUBLE, 2 * OUT, IN);
            INDArray second = new RowBlocks().of(weights, OUT, OUT);
            assertComputes(Samples.gaussian(2, DataType.DOUBLE, ROWS, IN), second, 'f');
        }
    }

    @ParameterizedTest
    @ValueSource(chars = {'c', 'f'})
    void makesNothingNativeInASteadyState(char order) {
        NativeThreads threads = NativeThreads.forBlas(1);
        try (threads) {
            INDArray x = Samples.gaussian(1, DataType.FLOAT, ROWS, IN);
            INDArray weight = Samples.gaussian(2, DataType.FLOAT, OUT, IN);
            INDArray y = Nd4j.create(DataType.FLOAT, new long[] {ROWS, OUT}, order);
            SteadyState.assertReached(1, () -> product.multiply(x, weight, y));
        }
    }
}
