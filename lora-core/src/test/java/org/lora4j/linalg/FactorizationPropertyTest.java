package org.lora4j.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.linalg.Matrices.assertOrthonormalColumns;
import static org.lora4j.linalg.Matrices.assertOrthonormalRows;
import static org.lora4j.linalg.Matrices.distance;
import static org.lora4j.linalg.Matrices.gaussian;
import static org.lora4j.linalg.Matrices.norm;
import static org.lora4j.linalg.Matrices.tolerance;

import org.junit.jupiter.api.Tag;
import org.lora4j.linalg.Matrices.Layout;
import org.lora4j.random.IntRange;
import org.lora4j.random.RandomTest;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

@Tag("numbers")
class FactorizationPropertyTest {
    @RandomTest(tries = 60)
    void qrMultipliesBack(
            @IntRange(min = 1, max = 24) int m,
            @IntRange(min = 1, max = 24) int n,
            boolean isFloat,
            Layout layout,
            long seed) {
        INDArray a = layout.of(gaussian(type(isFloat), m, n, seed));

        ThinQr qr = ThinQr.of(a);

        assertThat(distance(a, qr.q(), qr.r())).isLessThan(tolerance(a.dataType()) * norm(a));
        assertOrthonormalColumns(qr.q());
    }

    @RandomTest(tries = 60)
    @Tag("slow")
    void svdMultipliesBackAndReturnsItsErrors(
            @IntRange(min = 1, max = 24) int m,
            @IntRange(min = 1, max = 24) int n,
            boolean isFloat,
            Layout layout,
            long seed) {
        INDArray a = layout.of(gaussian(type(isFloat), m, n, seed));
        double tolerance = tolerance(a.dataType()) * norm(a);

        Svd svd = Svd.thin(a);

        assertOrthonormalColumns(svd.u());
        assertOrthonormalRows(svd.vt());
        for (int r = 1; r <= Math.min(m, n); r++) {
            LowRankFactors factors = svd.factors(r);
            assertThat(distance(a, factors.b(), factors.a())).isCloseTo(svd.error(r), within(tolerance));
        }
        assertThat(svd.error(Math.min(m, n))).isZero();
    }

    private static DataType type(boolean isFloat) {
        return isFloat ? DataType.FLOAT : DataType.DOUBLE;
    }
}
