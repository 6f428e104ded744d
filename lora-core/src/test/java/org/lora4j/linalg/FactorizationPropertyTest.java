package org.lora4j.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.linalg.Matrices.assertOrthonormalColumns;
import static org.lora4j.linalg.Matrices.assertOrthonormalRows;
import static org.lora4j.linalg.Matrices.distance;
import static org.lora4j.linalg.Matrices.gaussian;
import static org.lora4j.linalg.Matrices.norm;
import static org.lora4j.linalg.Matrices.tolerance;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Tag;
import net.jqwik.api.constraints.IntRange;
import org.lora4j.linalg.Matrices.Layout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

@Tag("numbers")
class FactorizationPropertyTest {
    @Property(tries = 60)
    void qrMultipliesBack(
            @ForAll @IntRange(min = 1, max = 24) int m,
            @ForAll @IntRange(min = 1, max = 24) int n,
            @ForAll boolean isFloat,
            @ForAll Layout layout,
            @ForAll long seed) {
        INDArray a = layout.of(gaussian(type(isFloat), m, n, seed));

        ThinQr qr = ThinQr.of(a);

        assertThat(distance(a, qr.q(), qr.r())).isLessThan(tolerance(a.dataType()) * norm(a));
        assertOrthonormalColumns(qr.q());
    }

    @Property(tries = 60)
    void svdMultipliesBackAndReturnsItsErrors(
            @ForAll @IntRange(min = 1, max = 24) int m,
            @ForAll @IntRange(min = 1, max = 24) int n,
            @ForAll boolean isFloat,
            @ForAll Layout layout,
            @ForAll long seed) {
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
