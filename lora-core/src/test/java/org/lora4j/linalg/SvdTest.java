package org.lora4j.linalg;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;
import static org.lora4j.linalg.Matrices.assertOrthonormalColumns;
import static org.lora4j.linalg.Matrices.assertOrthonormalRows;
import static org.lora4j.linalg.Matrices.assertSame;
import static org.lora4j.linalg.Matrices.distance;
import static org.lora4j.linalg.Matrices.gaussian;
import static org.lora4j.linalg.Matrices.norm;
import static org.lora4j.linalg.Matrices.tolerance;
import static org.lora4j.linalg.Matrices.withSingularValues;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.linalg.Matrices.Layout;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class SvdTest {
    @ParameterizedTest
    @CsvSource({"7,4", "4,7", "5,5", "1,6", "6,1", "1,1", "80,3", "3,80"})
    void multipliesBackToTheMatrix(int m, int n) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            INDArray a = gaussian(type, m, n, 1);

            Svd svd = Svd.thin(a);

            int k = Math.min(m, n);
            assertThat(svd.u().shape()).containsExactly(m, k);
            assertThat(svd.singularValues().shape()).containsExactly(k);
            assertThat(svd.vt().shape()).containsExactly(k, n);
            assertThat(svd.u().dataType()).isEqualTo(type);
            assertThat(svd.singularValues().dataType()).isEqualTo(type);
            assertThat(svd.vt().dataType()).isEqualTo(type);
            LowRankFactors all = svd.factors(k);
            assertThat(distance(a, all.b(), all.a())).isLessThan(tolerance(type) * norm(a));
            assertOrthonormalColumns(svd.u());
            assertOrthonormalRows(svd.vt());
            assertDescendingAndNotNegative(svd.singularValues());
            assertThat(svd.error(0)).isCloseTo(norm(a), within(tolerance(type) * norm(a)));
            assertThat(svd.error(k)).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"9,6", "6,9", "6,6"})
    void findsSingularValuesKnownByConstruction(int m, int n) {
        double[] values = {20, 7, 7, 3, 0.5, 0.01};
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            Svd svd = Svd.thin(withSingularValues(type, m, n, 2, values));

            assertThat(svd.singularValues().toDoubleVector()).containsExactly(values, within(20 * tolerance(type)));
        }
    }

    @Test
    void theLargestEntryOfEachLeftVectorIsPositive() {
        for (int[] shape : new int[][] {{9, 6}, {6, 9}, {6, 6}}) {
            Svd svd = Svd.thin(gaussian(DataType.FLOAT, shape[0], shape[1], 3));

            for (double[] vector : svd.u().transpose().toDoubleMatrix()) {
                double largest = 0;
                for (double entry : vector) {
                    largest = Math.abs(entry) > Math.abs(largest) ? entry : largest;
                }
                assertThat(largest).isPositive();
            }
        }
    }

    @Test
    void aNegatedMatrixHasTheSameLeftVectorsAndNegatedRightVectors() {
        INDArray a = gaussian(DataType.DOUBLE, 6, 4, 4);

        Svd svd = Svd.thin(a);
        Svd negated = Svd.thin(a.neg());

        assertThat(norm(negated.u().sub(svd.u()))).isLessThan(1e-12);
        assertThat(norm(negated.vt().add(svd.vt()))).isLessThan(1e-12);
    }

    @ParameterizedTest
    @CsvSource({"9,6", "6,9", "6,6"})
    void isOrthonormalForARankDeficientMatrix(int m, int n) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            Svd svd = Svd.thin(withSingularValues(type, m, n, 5, 4, 2));

            assertThat(svd.rank()).isEqualTo(2);
            assertOrthonormalColumns(svd.u());
            assertOrthonormalRows(svd.vt());
        }
    }

    @Test
    void decomposesAZeroMatrix() {
        Svd svd = Svd.thin(Nd4j.zeros(DataType.FLOAT, 4, 6));

        assertThat(svd.singularValues().toDoubleVector()).containsOnly(0);
        assertOrthonormalColumns(svd.u());
        assertOrthonormalRows(svd.vt());
        assertThat(svd.rank()).isZero();
        assertThat(svd.rankForEnergy(0.9)).isZero();
        assertThat(svd.error(0)).isZero();
        assertThat(svd.relativeError(0)).isZero();
        assertThat(norm(svd.factors(2).product())).isZero();
    }

    @ParameterizedTest
    @EnumSource(Layout.class)
    void readsAnyLayoutAndWritesToNone(Layout layout) {
        for (int[] shape : new int[][] {{6, 4}, {4, 6}, {5, 5}, {1, 4}, {4, 1}}) {
            INDArray a = gaussian(DataType.FLOAT, shape[0], shape[1], 6);
            INDArray laidOut = layout.of(a);

            Svd svd = Svd.thin(laidOut);

            assertSame(laidOut, a);
            assertSameSvd(svd, Svd.thin(a));
            assertSameSvd(Svd.truncated(laidOut, 1), Svd.truncated(a, 1));
            assertSame(laidOut, a);
            assertThat(svd.u().ordering()).isEqualTo('c');
            assertThat(svd.vt().ordering()).isEqualTo('c');
        }
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e-30, 1e18})
    void isIndependentOfScale(double scale) {
        Svd svd = Svd.thin(withSingularValues(DataType.FLOAT, 5, 4, 7, 4 * scale, 3 * scale));

        assertThat(svd.rank()).isEqualTo(2);
        assertThat(svd.error(0) / scale).isCloseTo(5, within(1e-4));
        assertThat(svd.relativeError(1)).isCloseTo(0.6, within(1e-5));
        assertThat(svd.rankForEnergy(0.63)).isEqualTo(1);
        assertThat(svd.rankForEnergy(0.65)).isEqualTo(2);
    }

    @Test
    void countsTheRankAsNumPyDoes() {
        double epsilon = Math.ulp(1.0);
        assertThat(Svd.thin(Nd4j.eye(4).castTo(DataType.DOUBLE)).rank()).isEqualTo(4);
        assertThat(Svd.thin(Nd4j.ones(DataType.FLOAT, 4, 7)).rank()).isEqualTo(1);
        // The tolerance is σ₁·max(m,n)·ε = 2·3·ε.
        assertThat(Svd.thin(diagonal(2, 1, 7 * epsilon)).rank()).isEqualTo(3);
        assertThat(Svd.thin(diagonal(2, 1, 5 * epsilon)).rank()).isEqualTo(2);
        // One more row or column of zeros increases it to 2·4·ε.
        INDArray padded = Nd4j.pad(diagonal(2, 1, 7 * epsilon), new int[][] {{0, 1}, {0, 0}});
        assertThat(Svd.thin(padded).rank()).isEqualTo(2);
        assertThat(Svd.thin(padded.transpose()).rank()).isEqualTo(2);
    }

    @Test
    void countsTheRankAboveATolerance() {
        Svd svd = Svd.thin(diagonal(4, 2, 1, 0));

        assertThat(svd.rank(0)).isEqualTo(3);
        assertThat(svd.rank(1)).isEqualTo(2);
        assertThat(svd.rank(3.9)).isEqualTo(1);
        assertThat(svd.rank(4)).isZero();
        for (double wrong : new double[] {-1e-9, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> svd.rank(wrong))
                    .withMessage("SVD: the tolerance must be finite and not negative, found " + wrong);
        }
    }

    @Test
    void findsTheSmallestRankThatKeepsAShareOfTheEnergy() {
        Svd svd = Svd.thin(diagonal(4, 2, 2, 1)); // squares 16, 4, 4, 1 of 25

        assertThat(svd.rankForEnergy(1e-9)).isEqualTo(1);
        assertThat(svd.rankForEnergy(0.63)).isEqualTo(1);
        assertThat(svd.rankForEnergy(0.65)).isEqualTo(2);
        assertThat(svd.rankForEnergy(0.81)).isEqualTo(3);
        assertThat(svd.rankForEnergy(0.97)).isEqualTo(4);
        assertThat(svd.rankForEnergy(1)).isEqualTo(4);
        for (double wrong : new double[] {0, -0.5, 1.01, Double.NaN}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> svd.rankForEnergy(wrong))
                    .withMessage("SVD: the share of the energy must be in (0, 1], found " + wrong);
        }
    }

    @Test
    void hasTheErrorOfTheEckartYoungTheorem() {
        double[] values = {9, 5, 2, 1};
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            INDArray a = withSingularValues(type, 7, 4, 8, values);
            Svd svd = Svd.thin(a);

            double left = 0;
            for (int r = 3; r >= 1; r--) {
                left = Math.hypot(left, values[r]);
                LowRankFactors factors = svd.factors(r);
                assertThat(distance(a, factors.b(), factors.a())).isCloseTo(left, within(9 * tolerance(type)));
                assertThat(svd.error(r)).isCloseTo(left, within(9 * tolerance(type)));
                assertThat(svd.relativeError(r)).isCloseTo(left / Math.sqrt(111), within(tolerance(type)));
            }
        }
    }

    @Test
    void putsTheSingularValuesIntoTheLeftFactorOrIntoBoth() {
        INDArray a = withSingularValues(DataType.DOUBLE, 6, 5, 9, 9, 4, 1);
        Svd svd = Svd.thin(a);

        LowRankFactors factors = svd.factors(2);
        LowRankFactors balanced = svd.balancedFactors(2);

        assertThat(factors.rank()).isEqualTo(2);
        assertThat(factors.b().shape()).containsExactly(6, 2);
        assertThat(factors.a().shape()).containsExactly(2, 5);
        assertOrthonormalRows(factors.a());
        assertThat(norm(factors.b())).isCloseTo(Math.hypot(9, 4), within(1e-12));
        assertThat(norm(balanced.b())).isCloseTo(Math.sqrt(13), within(1e-12));
        assertThat(norm(balanced.a())).isCloseTo(Math.sqrt(13), within(1e-12));
        assertThat(distance(factors.product(), balanced.b(), balanced.a())).isLessThan(1e-12);
    }

    @Test
    void factorsAreCopies() {
        INDArray a = gaussian(DataType.FLOAT, 5, 4, 10);
        Svd svd = Svd.thin(a);

        for (LowRankFactors factors : new LowRankFactors[] {svd.factors(4), svd.balancedFactors(4)}) {
            factors.b().assign(7);
            factors.a().assign(7);
        }

        assertSameSvd(svd, Svd.thin(a));
    }

    @Test
    void refusesARankOutOfBounds() {
        Svd svd = Svd.thin(gaussian(DataType.FLOAT, 5, 4, 11));

        for (int wrong : new int[] {0, 5, -1}) {
            String message = "SVD: rank must be in [1, 4], found " + wrong;
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> svd.factors(wrong))
                    .withMessage(message);
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> svd.balancedFactors(wrong))
                    .withMessage(message);
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> svd.error(5))
                .withMessage("SVD: rank must be in [0, 4], found 5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> svd.relativeError(-1))
                .withMessage("SVD: rank must be in [0, 4], found -1");
    }

    @Test
    void refusesAnythingButAMatrixOfFloatsOrDoubles() {
        assertRefused(Nd4j.scalar(1f), "SVD: the array must be a matrix (2 dimensions), found shape []");
        assertRefused(
                Nd4j.ones(DataType.FLOAT, 2, 2, 2),
                "SVD: the array must be a matrix (2 dimensions), found shape [2, 2, 2]");
        assertRefused(
                Nd4j.create(DataType.FLOAT, 0, 3),
                "SVD: the matrix must have at least one row and one column, found shape [0, 3]");
        assertRefused(Nd4j.ones(DataType.INT64, 2, 2), "SVD: the type must be FLOAT or DOUBLE, found LONG");
        assertRefused(Nd4j.ones(DataType.FLOAT16, 2, 2), "SVD: the type must be FLOAT or DOUBLE, found HALF");
    }

    @Test
    void refusesEntriesThatAreNotFinite() {
        for (double wrong : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
                INDArray a = gaussian(type, 3, 4, 12);
                a.putScalar(1, 3, wrong);
                assertRefused(a, "SVD: every entry must be finite, found " + wrong + " at [1, 3]");
            }
        }
    }

    @Test
    void reportsOverflow() {
        for (int[] shape : new int[][] {{3, 3}, {5, 2}, {2, 5}}) {
            INDArray a = Nd4j.valueArrayOf(new long[] {shape[0], shape[1]}, (double) Float.MAX_VALUE, DataType.FLOAT);
            assertThatExceptionOfType(ArithmeticException.class)
                    .isThrownBy(() -> Svd.thin(a))
                    .withMessageContaining("too large for FLOAT")
                    .withMessageEndingWith("; scale the matrix down");
        }
    }

    static void assertSameSvd(Svd found, Svd expected) {
        assertSame(found.u(), expected.u());
        assertSame(found.singularValues(), expected.singularValues());
        assertSame(found.vt(), expected.vt());
    }

    private static void assertRefused(INDArray a, String message) {
        assertThatIllegalArgumentException().isThrownBy(() -> Svd.thin(a)).withMessage(message);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Svd.truncated(a, 1))
                .withMessage(message);
    }

    private static void assertDescendingAndNotNegative(INDArray values) {
        double previous = Double.POSITIVE_INFINITY;
        for (double value : values.toDoubleVector()) {
            assertThat(value).isNotNegative().isLessThanOrEqualTo(previous);
            previous = value;
        }
    }

    private static INDArray diagonal(double... values) {
        return Nd4j.diag(Nd4j.createFromArray(values));
    }
}
