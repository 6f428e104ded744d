package org.lora4j.nn.weight.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.nn.Samples;
import org.lora4j.random.IntRange;
import org.lora4j.random.RandomTest;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Tag("numbers")
class GemmTest {
    /** The two ways to compute a product of floats. Only the sizes decide which one {@link Gemm#run} takes. */
    private static final List<Way> WAYS = List.of(Gemm::runOnHeap, Gemm::runNatively);

    private interface Way {
        void run(Gemm gemm, INDArray a, INDArray b, INDArray c);
    }

    private static char order(int orders, int bit) {
        return (orders & bit) == 0 ? 'c' : 'f';
    }

    @RandomTest(tries = 500)
    void computesTheProductInEveryOrder(
            @IntRange(min = 1, max = 13) int m,
            @IntRange(min = 1, max = 13) int k,
            @IntRange(min = 1, max = 13) int n,
            boolean transposeA,
            boolean transposeB,
            @IntRange(min = 0, max = 7) int orders,
            @IntRange(min = -1, max = 2) int alpha,
            @IntRange(min = 0, max = 2) int beta,
            boolean isFloat) {
        DataType type = isFloat ? DataType.FLOAT : DataType.DOUBLE;
        INDArray a = Samples.gaussian(1, type, transposeA ? k : m, transposeA ? m : k)
                .dup(order(orders, 1));
        INDArray b = Samples.gaussian(2, type, transposeB ? n : k, transposeB ? k : n)
                .dup(order(orders, 2));
        INDArray c = Samples.gaussian(3, type, m, n);
        for (Way way : isFloat ? WAYS : List.<Way>of(Gemm::run)) {
            INDArray result = c.dup(order(orders, 4));
            way.run(new Gemm(transposeA, transposeB, alpha, beta), a, b, result);
            for (int i = 0; i < m; i++) {
                for (int j = 0; j < n; j++) {
                    double sum = 0;
                    for (int l = 0; l < k; l++) {
                        double left = transposeA ? a.getDouble(l, i) : a.getDouble(i, l);
                        double right = transposeB ? b.getDouble(j, l) : b.getDouble(l, j);
                        sum += left * right;
                    }
                    assertThat(result.getDouble(i, j))
                            .isCloseTo(alpha * sum + beta * c.getDouble(i, j), within(isFloat ? 1e-4 : 1e-12));
                }
            }
        }
    }

    @RandomTest(tries = 200)
    void aSmallProductHasTheSameBitsInEveryOrder(
            @IntRange(min = 1, max = 20) int m,
            @IntRange(min = 1, max = 20) int k,
            @IntRange(min = 1, max = 20) int n,
            @IntRange(min = 0, max = 7) int orders,
            boolean transposeA,
            boolean transposeB) {
        INDArray a = Samples.gaussian(1, DataType.FLOAT, m, k);
        INDArray b = Samples.gaussian(2, DataType.FLOAT, k, n);
        INDArray expected = Nd4j.create(DataType.FLOAT, m, n);
        new Gemm(false, false, 0.3, 0).runOnHeap(a, b, expected);
        INDArray c = Nd4j.create(DataType.FLOAT, new long[] {m, n}, order(orders, 4));
        new Gemm(transposeA, transposeB, 0.3, 0)
                .runOnHeap(
                        (transposeA ? a.transpose() : a).dup(order(orders, 1)),
                        (transposeB ? b.transpose() : b).dup(order(orders, 2)),
                        c);
        assertThat(c.toFloatMatrix()).isDeepEqualTo(expected.toFloatMatrix());
    }

    @Test
    void aRowOfASmallProductHasTheSameBitsAlone() {
        INDArray a = Samples.gaussian(1, DataType.FLOAT, 7, 33);
        INDArray b = Samples.gaussian(2, DataType.FLOAT, 9, 33);
        INDArray all = Nd4j.create(DataType.FLOAT, 7, 9);
        new Gemm(false, true, 1, 0).run(a, b, all);
        for (int i = 0; i < 7; i++) {
            INDArray alone = Nd4j.create(DataType.FLOAT, 1, 9);
            new Gemm(false, true, 1, 0).run(a.getRow(i, true), b, alone);
            assertThat(alone.toFloatMatrix()[0]).isEqualTo(all.toFloatMatrix()[i]);
        }
    }

    @ParameterizedTest
    @CsvSource({"16, 12, 16", "1, 5112, 1", "8, 72, 8", "1, 72, 64"})
    void onlyTheSizesDecideWhetherAProductRunsOnTheHeap(int m, int k, int n) {
        for (boolean isSmall : List.of(true, false)) {
            int inner = isSmall ? k : k + 1;
            INDArray a = Samples.gaussian(1, DataType.FLOAT, m, inner);
            INDArray b = Samples.gaussian(2, DataType.FLOAT, inner, n);
            INDArray c = Nd4j.create(DataType.FLOAT, m, n);
            INDArray heap = c.dup();
            INDArray natively = c.dup();
            new Gemm(false, false, 0.3, 0).run(a, b, c);
            new Gemm(false, false, 0.3, 0).runOnHeap(a, b, heap);
            new Gemm(false, false, 0.3, 0).runNatively(a, b, natively);
            assertThat(c.toFloatMatrix()).isDeepEqualTo((isSmall ? heap : natively).toFloatMatrix());
        }
    }

    @Test
    void readsAndWritesViews() {
        INDArray large = Samples.gaussian(1, DataType.FLOAT, 20, 30);
        INDArray a = large.get(NDArrayIndex.interval(3, 9), NDArrayIndex.interval(4, 2, 24));
        INDArray b = Samples.gaussian(2, DataType.FLOAT, 10, 5);
        INDArray expected = a.dup().mmul(b);
        INDArray memory = Samples.gaussian(3, DataType.FLOAT, 8, 5).dup('f');
        INDArray untouched = memory.dup();
        INDArray c = new RowBlocks().of(memory, 2, 6);
        new Gemm(false, false, 1, 0).run(a, b, c);
        assertThat(c.equalsWithEps(expected, 1e-5)).isTrue();
        assertThat(memory.getRows(0, 1)).isEqualTo(untouched.getRows(0, 1));
    }

    @ParameterizedTest
    @CsvSource({"c, c", "c, f", "f, c", "f, f"})
    void readsAndWritesSingleRowsAndColumnsOfOtherMatrices(char inputs, char results) {
        INDArray many = Samples.gaussian(1, DataType.FLOAT, 5, 70).dup(inputs);
        INDArray weight = Samples.gaussian(2, DataType.FLOAT, 90, 70);
        INDArray memory = Samples.gaussian(3, DataType.FLOAT, 6, 90).dup(results);
        INDArray expected = memory.dup();
        Gemm row = new Gemm(false, true, 2, 1);
        Gemm column = new Gemm(false, true, 2, 1);
        for (int i : new int[] {3, 1, 4}) {
            INDArray x = new RowBlocks().of(many, i, 1);
            INDArray y = new RowBlocks().of(memory, i, 1);
            expected.getRow(i).addi(weight.mmul(many.getRow(i).dup()).mul(4));
            row.run(x, weight, y);
            column.run(weight, x, y.transpose());
            assertThat(memory.equalsWithEps(expected, 1e-3)).isTrue();
        }
    }

    @Test
    void readsAnArrayThatChanged() {
        INDArray a = Samples.gaussian(1, DataType.FLOAT, 3, 20);
        INDArray b = Samples.gaussian(2, DataType.FLOAT, 20, 5);
        INDArray c = Nd4j.create(DataType.FLOAT, 3, 5);
        Gemm gemm = new Gemm(false, false, 1, 0);
        gemm.run(a, b, c);
        INDArray before = c.dup();
        b.muli(2);
        gemm.run(a, b, c);
        assertThat(c).isEqualTo(before.mul(2));
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void overwritesTheOldContentIfBetaIsZero(DataType type) {
        INDArray a = Nd4j.createFromArray(new double[][] {{2}}).castTo(type);
        INDArray b = Nd4j.createFromArray(new double[][] {{3, 4}}).castTo(type);
        INDArray c = Nd4j.createFromArray(new double[][] {{Double.NaN, Double.POSITIVE_INFINITY}})
                .castTo(type);
        new Gemm(false, false, 1, 0).run(a, b, c);
        assertThat(c.toDoubleMatrix()).isDeepEqualTo(new double[][] {{6, 8}});
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void acceptsOtherArraysInEachCall(DataType type) {
        Gemm gemm = new Gemm(false, false, 1, 0);
        for (int n = 1; n < 6; n++) {
            INDArray a = Samples.gaussian(n, type, n, 3);
            INDArray b = Samples.gaussian(10 + n, type, 3, 2);
            INDArray c = Nd4j.create(type, n, 2);
            gemm.run(a, b, c);
            assertThat(c.equalsWithEps(a.mmul(b), type == DataType.FLOAT ? 1e-5 : 1e-12))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY})
    void refusesFactorsThatAreNotFinite(double factor) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Gemm(false, false, factor, 0))
                .withMessage("gemm: alpha and beta must be finite, found alpha " + factor + " and beta 0.0");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Gemm(false, false, 1, factor))
                .withMessage("gemm: alpha and beta must be finite, found alpha 1.0 and beta " + factor);
    }
}
