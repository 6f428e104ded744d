package org.lora4j.internal.math;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Tag("numbers")
class HeapProductTest {
    private static final int PIECE = 16;

    /** Compares all parts of all rows with ND4J's product. */
    private static void assertProduct(HeapProduct product, INDArray a, INDArray b) {
        INDArray expected = a.transpose().mmul(b);
        int columns = (int) b.size(1);
        product.of(a, b);
        HeapProduct.Reader reader = product.reader();
        float[] part = new float[PIECE];
        for (int row = 0; row < a.size(1); row++) {
            for (int j = 0; j < columns; j++) {
                if (j % PIECE == 0) {
                    reader.read(row, j / PIECE, part);
                }
                assertThat(Math.abs(part[j % PIECE] - expected.getDouble(row, j)))
                        .as("element (%d, %d)", row, j)
                        .isLessThan(1e-5);
            }
        }
    }

    /** Some factors are zero, as after a ReLU. */
    private static INDArray withZeros(INDArray a) {
        for (int i = 0; i < a.size(0); i++) {
            for (int j = 0; j < a.size(1); j++) {
                if ((i + j) % 3 == 0 || j == 1) {
                    a.putScalar(i, j, 0);
                }
            }
        }
        return a;
    }

    @ParameterizedTest
    @CsvSource({"1, c, f", "2, f, c", "3, f, f", "4, c, c", "5, f, f", "10, f, c", "11, c, f", "32, f, f"})
    void equalsNd4jsProduct(int rows, char leftOrder, char rightOrder) {
        INDArray a = Samples.gaussian(1, DataType.FLOAT, rows, 5).dup(leftOrder);
        INDArray b = Samples.gaussian(2, DataType.FLOAT, rows, 37).dup(rightOrder);
        assertProduct(new HeapProduct(37, PIECE), a, b);
        assertProduct(new HeapProduct(37, PIECE), withZeros(a), b);
    }

    @Test
    void takesBatchesOfAnySizeInTurn() {
        HeapProduct product = new HeapProduct(16, PIECE);
        for (int rows : new int[] {10, 3, 20, 1}) {
            assertProduct(
                    product,
                    Samples.gaussian(rows, DataType.FLOAT, rows, 4).dup('f'),
                    Samples.gaussian(rows, DataType.FLOAT, rows, 16).dup('c'));
        }
    }

    @ParameterizedTest
    @CsvSource({"c", "f"})
    void readsViewsOfRows(char order) {
        INDArray a = Samples.gaussian(1, DataType.FLOAT, 9, 4).dup(order);
        INDArray b = Samples.gaussian(2, DataType.FLOAT, 9, 20).dup(order);
        assertProduct(
                new HeapProduct(20, PIECE),
                a.get(NDArrayIndex.interval(3, 8), NDArrayIndex.all()),
                b.get(NDArrayIndex.interval(3, 8), NDArrayIndex.all()));
    }

    @Test
    void isNotFiniteIfAFactorIsNotFinite() {
        HeapProduct product = new HeapProduct(2, PIECE);
        product.of(Nd4j.createFromArray(new float[][] {{1, Float.NaN}, {0, 1}}), Nd4j.createFromArray(new float[][] {
            {2, 3}, {4, 5}
        }));
        float[] part = new float[PIECE];
        HeapProduct.Reader reader = product.reader();
        reader.read(0, 0, part);
        assertThat(part).startsWith(2, 3);
        reader.read(1, 0, part);
        assertThat(part).startsWith(Float.NaN, Float.NaN);
    }
}
