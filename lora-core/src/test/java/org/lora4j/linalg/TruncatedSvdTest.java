package org.lora4j.linalg;

import static org.assertj.core.api.Assertions.assertThat;
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
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

@Tag("numbers")
class TruncatedSvdTest {
    @ParameterizedTest
    @CsvSource({"8,5", "5,8", "6,6", "200,180"})
    void equalsTheFirstTripletsOfTheThinOneForASmallMatrix(int m, int n) {
        INDArray a = gaussian(DataType.FLOAT, m, n, 1);
        Svd thin = Svd.thin(a);

        Svd truncated = Svd.truncated(a, 3);

        assertThat(truncated.u().shape()).containsExactly(m, 3);
        assertThat(truncated.singularValues().shape()).containsExactly(3);
        assertThat(truncated.vt().shape()).containsExactly(3, n);
        assertSame(truncated.factors(3).product(), thin.factors(3).product());
        for (int r = 0; r <= 3; r++) {
            assertThat(truncated.error(r)).isCloseTo(thin.error(r), within(1e-6 * norm(a)));
            assertThat(truncated.relativeError(r)).isCloseTo(thin.relativeError(r), within(1e-6));
        }
    }

    @Test
    void countsTheEnergyOfTripletsThatItDoesNotHold() {
        Svd svd = Svd.truncated(Nd4j.diag(Nd4j.createFromArray(4.0, 2.0, 2.0, 1.0)), 2); // keeps 20 of 25

        assertThat(svd.rankForEnergy(0.63)).isEqualTo(1);
        assertThat(svd.rankForEnergy(0.79)).isEqualTo(2);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> svd.rankForEnergy(0.81))
                .withMessageContaining("the share of the energy must be at most 0.8")
                .withMessageContaining("the 2 triplets")
                .withMessageEndingWith("found 0.81; decompose at a larger rank, or use Svd.thin");
    }

    @ParameterizedTest
    @CsvSource({"70,40", "40,70", "50,50"})
    void randomizationFindsTheLeadingTriplets(int m, int n) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            INDArray a = withSingularValues(type, m, n, 2, 9, 6, 4, 0.2, 0.1, 0.05);
            Svd thin = Svd.thin(a);

            Svd found = Svd.randomized(a.dup('f'), 3, 8, 6);

            double tolerance = 10 * tolerance(type);
            INDArray best = thin.factors(3).product();
            assertThat(distance(best, found.factors(3).b(), found.factors(3).a()))
                    .isLessThan(tolerance);
            assertThat(found.singularValues().toDoubleVector())
                    .containsExactly(new double[] {9, 6, 4}, within(tolerance));
            assertOrthonormalColumns(found.u());
            assertOrthonormalRows(found.vt());
            LowRankFactors factors = found.factors(3);
            assertThat(found.error(3)).isCloseTo(Math.sqrt(0.0525), within(tolerance));
            assertThat(distance(a, factors.b(), factors.a())).isCloseTo(found.error(3), within(tolerance));
            assertThat(found.error(0)).isCloseTo(norm(a), within(tolerance));
        }
    }

    @Test
    void measuresTheErrorOfTheTripletsFound() {
        // The matrix is noise and the sketch is small: the randomized triplets are not the best ones.
        INDArray a = gaussian(DataType.DOUBLE, 60, 80, 3);

        Svd found = Svd.randomized(a.dup('f'), 4, 6, 6);

        LowRankFactors factors = found.factors(4);
        double best = Svd.thin(a).error(4);
        assertThat(distance(a, factors.b(), factors.a())).isCloseTo(found.error(4), within(1e-10));
        assertThat(found.error(4)).isGreaterThan(best).isLessThan(1.02 * best);
    }

    @Test
    void reproducesAMatrixOfLowerRankThanRequested() {
        INDArray a = withSingularValues(DataType.DOUBLE, 40, 30, 4, 3, 2);

        Svd found = Svd.randomized(a.dup('f'), 5, 9, 6);

        assertThat(found.rank()).isEqualTo(2);
        assertThat(found.error(2)).isLessThan(1e-12);
        assertOrthonormalColumns(found.u());
        assertOrthonormalRows(found.vt());
    }

    @Test
    void randomizesForALargeMatrixAndIsNearlyTheBest() {
        INDArray a = large();
        INDArray copy = a.dup();
        Svd thin = Svd.thin(a);

        Svd found = Svd.truncated(a, 8);

        assertSame(a, copy);
        SvdTest.assertSameSvd(found, Svd.randomized(a.dup('f'), 8, 24, 6));
        assertThat(found.error(8)).isBetween(thin.error(8) * (1 - 1e-6), thin.error(8) * 1.003);
        assertThat(found.error(0)).isCloseTo(thin.error(0), within(1e-5 * thin.error(0)));
    }

    @Test
    void isExactIfTheRankIsALargeShareOfTheSize() {
        INDArray a = large();

        // The bits are those of the thin decomposition; no randomized result has them.
        assertSame(
                Svd.truncated(a, 200).singularValues(),
                Svd.truncated(a, 520).singularValues().get(NDArrayIndex.interval(0, 200)));
    }

    @Test
    void theSameInputGivesTheSameBits() {
        INDArray a = large();

        SvdTest.assertSameSvd(Svd.truncated(a, 4), Svd.truncated(a, 4));
    }

    @Test
    void refusesARankOutOfBounds() {
        INDArray a = gaussian(DataType.FLOAT, 5, 4, 7);

        for (int wrong : new int[] {0, 5, -1}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> Svd.truncated(a, wrong))
                    .withMessage("SVD: rank must be in [1, 4], found " + wrong);
        }
    }

    /** A signal of rank 6 in noise, a little larger than the largest matrix that is always decomposed exactly. */
    private static INDArray large() {
        return withSingularValues(DataType.FLOAT, 540, 520, 5, 60, 50, 40, 30, 20, 10)
                .addi(gaussian(DataType.FLOAT, 540, 520, 6).muli(0.1));
    }
}
