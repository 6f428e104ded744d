package org.lora4j.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.lora4j.linalg.Matrices.assertOrthonormalColumns;
import static org.lora4j.linalg.Matrices.assertSame;
import static org.lora4j.linalg.Matrices.distance;
import static org.lora4j.linalg.Matrices.gaussian;
import static org.lora4j.linalg.Matrices.norm;
import static org.lora4j.linalg.Matrices.tolerance;
import static org.lora4j.linalg.Matrices.withSingularValues;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.linalg.Matrices.Layout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class ThinQrTest {
    @ParameterizedTest
    @CsvSource({"7,4", "4,7", "5,5", "1,6", "6,1", "1,1", "64,3", "3,64"})
    void multipliesBackToTheMatrix(int m, int n) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            INDArray a = gaussian(type, m, n, 1);

            ThinQr qr = ThinQr.of(a);

            int k = Math.min(m, n);
            assertThat(qr.q().shape()).containsExactly(m, k);
            assertThat(qr.r().shape()).containsExactly(k, n);
            assertThat(qr.q().dataType()).isEqualTo(type);
            assertThat(qr.r().dataType()).isEqualTo(type);
            assertThat(distance(a, qr.q(), qr.r())).isLessThan(tolerance(type) * norm(a));
            assertOrthonormalColumns(qr.q());
            assertUpperTriangularWithNonNegativeDiagonal(qr.r());
        }
    }

    @Test
    void decomposesAKnownExample() {
        INDArray a = Matrices.of(DataType.DOUBLE, new double[][] {{3, -5}, {4, 10}});

        ThinQr qr = ThinQr.of(a);

        assertThat(qr.q().toDoubleMatrix()[0]).containsExactly(new double[] {0.6, -0.8}, within());
        assertThat(qr.q().toDoubleMatrix()[1]).containsExactly(new double[] {0.8, 0.6}, within());
        assertThat(qr.r().toDoubleMatrix()[0]).containsExactly(new double[] {5, 5}, within());
        assertThat(qr.r().toDoubleMatrix()[1]).containsExactly(new double[] {0, 10}, within());
    }

    @ParameterizedTest
    @CsvSource({"9,6", "6,9", "6,6"})
    void isOrthonormalForARankDeficientMatrix(int m, int n) {
        INDArray a = withSingularValues(DataType.DOUBLE, m, n, 3, 5, 1);

        ThinQr qr = ThinQr.of(a);

        assertThat(distance(a, qr.q(), qr.r())).isLessThan(1e-12);
        assertOrthonormalColumns(qr.q());
        assertUpperTriangularWithNonNegativeDiagonal(qr.r());
    }

    @Test
    void isOrthonormalForAZeroMatrix() {
        ThinQr qr = ThinQr.of(Nd4j.zeros(DataType.FLOAT, 5, 3));

        assertOrthonormalColumns(qr.q());
        assertThat(norm(qr.r())).isZero();
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void readsAnyLayoutAndWritesToNone(Layout layout) {
        for (int[] shape : new int[][] {{6, 4}, {4, 6}, {5, 5}}) {
            INDArray a = gaussian(DataType.FLOAT, shape[0], shape[1], 5);
            INDArray laidOut = layout.of(a);

            ThinQr qr = ThinQr.of(laidOut);

            assertSame(laidOut, a);
            assertSame(qr.q(), ThinQr.of(a).q());
            assertSame(qr.r(), ThinQr.of(a).r());
            assertThat(qr.q().ordering()).isEqualTo('c');
            assertThat(qr.r().ordering()).isEqualTo('c');
        }
    }

    @Test
    void refusesAnythingButAFiniteMatrix() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ThinQr.of(Nd4j.ones(DataType.FLOAT, 3)))
                .withMessage("QR: the array must be a matrix (2 dimensions), found shape [3]");
        INDArray a = gaussian(DataType.FLOAT, 3, 4, 6);
        a.putScalar(2, 1, Float.NaN);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ThinQr.of(a))
                .withMessage("QR: every entry must be finite, found NaN at [2, 1]");
    }

    @Test
    void refusesFactorsWithoutAProduct() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new ThinQr(Nd4j.ones(DataType.FLOAT, 5, 2), Nd4j.ones(DataType.FLOAT, 3, 4)))
                .withMessageContaining("found shapes [5, 2] and [3, 4]");
    }

    private static Offset<Double> within() {
        return Offset.offset(1e-14);
    }

    private static void assertUpperTriangularWithNonNegativeDiagonal(INDArray r) {
        double[][] rows = r.toDoubleMatrix();
        for (int i = 0; i < rows.length; i++) {
            for (int j = 0; j < i; j++) {
                assertThat(rows[i][j]).isZero();
            }
            assertThat(rows[i][i]).isNotNegative();
        }
    }
}
