package org.lora4j.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class GemmTest {
    @Property(tries = 200, edgeCases = EdgeCasesMode.NONE)
    void computesTheProductInEveryOrder(
            @ForAll @IntRange(min = 1, max = 4) int m,
            @ForAll @IntRange(min = 1, max = 4) int k,
            @ForAll @IntRange(min = 1, max = 4) int n,
            @ForAll boolean transposeA,
            @ForAll boolean transposeB,
            @ForAll @IntRange(min = 0, max = 7) int orders,
            @ForAll @IntRange(min = -1, max = 2) int alpha,
            @ForAll @IntRange(min = 0, max = 2) int beta) {
        INDArray a = Samples.gaussian(1, DataType.DOUBLE, transposeA ? k : m, transposeA ? m : k);
        INDArray b = Samples.gaussian(2, DataType.DOUBLE, transposeB ? n : k, transposeB ? k : n);
        INDArray c = Samples.gaussian(3, DataType.DOUBLE, m, n);
        INDArray result = c.dup((orders & 4) == 0 ? 'c' : 'f');
        new Gemm(transposeA, transposeB, alpha, beta)
                .run(a.dup((orders & 1) == 0 ? 'c' : 'f'), b.dup((orders & 2) == 0 ? 'c' : 'f'), result);
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                for (int l = 0; l < k; l++) {
                    double left = transposeA ? a.getDouble(l, i) : a.getDouble(i, l);
                    double right = transposeB ? b.getDouble(j, l) : b.getDouble(l, j);
                    sum += left * right;
                }
                assertThat(result.getDouble(i, j)).isCloseTo(alpha * sum + beta * c.getDouble(i, j), within(1e-12));
            }
        }
    }

    @Test
    void overwritesTheOldContentIfBetaIsZero() {
        INDArray c = Nd4j.createFromArray(new double[][] {{Double.NaN, Double.POSITIVE_INFINITY}});
        new Gemm(false, false, 1, 0)
                .run(Nd4j.createFromArray(new double[][] {{2}}), Nd4j.createFromArray(new double[][] {{3, 4}}), c);
        assertThat(c.toDoubleMatrix()).isDeepEqualTo(new double[][] {{6, 8}});
    }

    @Test
    void acceptsOtherArraysInEachCall() {
        Gemm gemm = new Gemm(false, false, 1, 0);
        for (int n = 1; n < 6; n++) {
            INDArray a = Samples.gaussian(n, DataType.DOUBLE, n, 3);
            INDArray b = Samples.gaussian(10 + n, DataType.DOUBLE, 3, 2);
            INDArray c = Nd4j.create(DataType.DOUBLE, n, 2);
            gemm.run(a, b, c);
            assertThat(c.equalsWithEps(a.mmul(b), 1e-12)).isTrue();
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
