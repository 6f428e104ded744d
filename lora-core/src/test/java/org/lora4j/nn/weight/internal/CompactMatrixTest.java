package org.lora4j.nn.weight.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.math.RowNorms;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.internal.memory.ArrayFingerprint;
import org.lora4j.linalg.Precision;
import org.lora4j.linalg.WeightStorage;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Samples;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class CompactMatrixTest {
    private final ProductContext context = new ProductContext();

    private static CompactMatrix matrix(INDArray w, Precision precision) {
        return (CompactMatrix) MatrixConversion.convert(new ArrayMatrix(w), precision);
    }

    private static INDArray floats(long seed, int rows, int columns) {
        return Samples.gaussian(seed, DataType.FLOAT, rows, columns);
    }

    private static INDArray doubles(INDArray array) {
        return array.castTo(DataType.DOUBLE);
    }

    /** Sizes that are odd, prime and round, one row that is longer than a block, and numbers of rows from 1 to 600. */
    static Stream<Arguments> sizes() {
        int[][] sizes = {{251, 211}, {1009, 347}, {256, 512}, {1, 60_000}, {3, 300_001}, {70_001, 1}};
        int[] rows = {1, 2, 10, 17, 129, 600};
        return Stream.of(Precision.BFLOAT16, Precision.INT8, Precision.INT8_DYNAMIC, Precision.INT4)
                .flatMap(precision -> IntStream.range(0, sizes.length)
                        .boxed()
                        .flatMap(i -> IntStream.of(rows)
                                .filter(n -> (long) n * sizes[i][0] * sizes[i][1] < 40_000_000L)
                                // 600 rows of 60,000 columns would be arrays of 288 MB for the reference.
                                .filter(n -> n * Math.max(sizes[i][0], sizes[i][1]) < 10_000_000)
                                .mapToObj(n -> Arguments.of(precision, sizes[i][0], sizes[i][1], n))));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    @Tag("slow")
    void bothDirectionsMultiplyWithTheStoredWeights(Precision precision, int out, int in, int n) {
        CompactMatrix matrix = matrix(floats(1, out, in), precision);
        INDArray w = doubles(matrix.array());
        INDArray x = floats(2, n, in);
        INDArray outputs = doubles(x).mmul(w.transpose());
        double outputLength = in * typical(x) * typical(w);
        INDArray g = floats(3, n, out);
        INDArray gradients = doubles(g).mmul(w);
        double gradientLength = out * typical(g) * typical(w);
        for (char order : new char[] {'c', 'f'}) {
            INDArray y = Nd4j.createUninitialized(DataType.FLOAT, new long[] {n, out}, order);
            matrix.multiply(context, x.dup(order), y);
            assertClose(y, outputs, outputLength);
            INDArray dy = g.dup(order);
            INDArray dx = Nd4j.createUninitialized(DataType.FLOAT, new long[] {n, in}, order);
            matrix.multiplyTransposed(context, dy, dx, false);
            assertClose(dx, gradients, gradientLength);
            matrix.multiplyTransposed(context, dy, dx, true);
            assertClose(dx, gradients.mul(2), 2 * gradientLength);
        }
    }

    /** The root of the mean square of the elements. */
    private static double typical(INDArray array) {
        return doubles(array).norm2Number().doubleValue() / Math.sqrt((double) array.length());
    }

    /**
     * Compares sums with those in double precision, whatever the order in which a processor adds. Of n terms of size t and
     * with random signs, the partial sums are of size {@code t·√n}. Each of n additions rounds by at most {@code u = 2⁻²⁴} of
     * its partial sum, and these errors have random signs too: together {@code u·n·t}. The factor is for the largest of all
     * sums. A single term that is missing is 1 / (6·u·n) times as large, at least 9.
     *
     * @param length {@code n·t}
     */
    private static void assertClose(INDArray found, INDArray expected, double length) {
        assertThat(Differences.greatest(found, expected))
                .isLessThan(6 * 0x1p-24 * (length + expected.amaxNumber().doubleValue()));
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, mode = Mode.EXCLUDE, names = "FLOAT")
    void threadsAndTheWayOfExpandingDoNotChangeTheBits(Precision precision) {
        CompactMatrix matrix = matrix(floats(1, 1201, 509), precision);
        INDArray x = floats(2, 40, 509);
        INDArray alone = Nd4j.create(DataType.FLOAT, 40, 1201);
        INDArray divided = Nd4j.create(DataType.FLOAT, 40, 1201);
        try (NativeThreads threads = NativeThreads.forBlas(1)) {
            assertThat(threads).isNotNull();
            matrix.multiply(context, x, divided);
            IntStream.range(0, 8).parallel().forEach(i -> {
                INDArray y = Nd4j.create(DataType.FLOAT, 40, 1201);
                matrix.multiply(new ProductContext(), x, y);
                assertThat(ArrayBits.equal(y, divided)).isTrue();
            });
        }
        matrix.multiply(context, x, alone);
        assertThat(ArrayBits.equal(alone, divided)).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "1.0, 1.0",
        "0x1.01p0, 0x1.00p0",
        "0x1.03p0, 0x1.04p0",
        "0x1.010002p0, 0x1.02p0",
        "-0x1.01p0, -0x1.00p0",
        "-0x1.03p0, -0x1.04p0",
        "0x1.fffffep127, 0x1.fep127",
        "-0x1.fffffep127, -0x1.fep127",
        "0x1p-149, 0",
        "-0.0, -0.0",
        "Infinity, Infinity",
        "-Infinity, -Infinity",
        "NaN, NaN"
    })
    void bfloat16RoundsToTheNearestAndTiesToEven(String value, String rounded) {
        INDArray w = floats(1, 250, 200);
        w.putScalar(3, 5, Float.parseFloat(value));
        CodeMatrix matrix = (CodeMatrix) matrix(w, Precision.BFLOAT16);
        float[] row = new float[200];
        matrix.readRow(3, row, new CodeMatrix.Scratch());
        assertThat(Float.valueOf(row[5])).isEqualTo(Float.valueOf(rounded));
        assertThat(Float.valueOf(matrix.element(3, 5))).isEqualTo(Float.valueOf(rounded));
        assertThat(matrix.isFinite()).isEqualTo(Float.isFinite(Float.parseFloat(value)));
    }

    @Test
    void int8HasAScaleForEachRow() {
        INDArray w = floats(1, 250, 200);
        w.putRow(7, Nd4j.zeros(DataType.FLOAT, 200));
        INDArray stored = matrix(w, Precision.INT8).array();
        for (int i = 0; i < 250; i++) {
            double scale = w.getRow(i).amaxNumber().doubleValue() / 127;
            for (int j = 0; j < 200; j++) {
                double code = scale == 0 ? 0 : Math.rint(w.getDouble(i, j) / scale);
                assertThat(stored.getDouble(i, j)).isCloseTo(scale * code, within(1e-6));
            }
        }
    }

    @Test
    void aRowThatIsNotFiniteBecomesNaNInInt8() {
        INDArray w = floats(1, 250, 200);
        w.putScalar(3, 5, Float.POSITIVE_INFINITY);
        CompactMatrix matrix = matrix(w, Precision.INT8);
        assertThat(matrix.isFinite()).isFalse();
        assertThat(matrix.row(3).getDouble(0)).isNaN();
        assertThat(matrix.row(4).getDouble(0)).isFinite();
    }

    @ParameterizedTest
    @EnumSource(value = Precision.class, mode = Mode.EXCLUDE, names = "FLOAT")
    void partsAndNormsAreThoseOfTheStoredWeights(Precision precision) {
        INDArray original = floats(1, 331, 173);
        CompactMatrix matrix = matrix(original.dup('f'), precision);
        assertThat(ArrayBits.equal(matrix.array(), matrix(original, precision).array()))
                .as("the memory order does not matter")
                .isTrue();
        INDArray w = matrix.array();
        assertThat(ArrayBits.equal(matrix.row(17), w.getRow(17, true).dup())).isTrue();
        assertThat(ArrayBits.equal(
                        matrix.column(5), w.getColumn(5, true).reshape(1, 331).dup('c')))
                .isTrue();
        INDArray rows = Nd4j.create(DataType.FLOAT, 3, 173);
        matrix.rows(new int[] {330, 0, 330}, rows);
        assertThat(ArrayBits.equal(rows, w.getRows(330, 0, 330))).isTrue();
        assertThat(ArrayBits.equal(matrix.rowNorms(), RowNorms.of(w))).isTrue();
        assertThat(ArrayBits.equal(matrix.columnNorms(), RowNorms.of(w.transpose())))
                .isTrue();
        assertThat(matrix.fingerprint()).isEqualTo(ArrayFingerprint.of(original));
        assertThat(matrix.shape()).containsExactly(331, 173);
    }

    @Test
    void whatIsBfloat16AlreadyStaysExact() {
        INDArray w = matrix(floats(1, 250, 200), Precision.BFLOAT16).array();
        CompactMatrix matrix = matrix(w, Precision.BFLOAT16);
        assertThat(ArrayBits.equal(matrix.array(), w)).isTrue();
        assertThat(matrix.fingerprint()).isEqualTo(ArrayFingerprint.of(w));
    }

    @Test
    void onlyLargeMatricesOfFloatsFit() {
        assertThat(CompactMatrix.fits(DataType.FLOAT, new long[] {250, 200})).isTrue();
        assertThat(CompactMatrix.fits(DataType.FLOAT, new long[] {249, 200})).isFalse();
        assertThat(CompactMatrix.fits(DataType.DOUBLE, new long[] {250, 200})).isFalse();
        assertThat(CompactMatrix.fits(DataType.FLOAT, new long[] {50_000})).isFalse();
        assertThat(CompactMatrix.fits(DataType.FLOAT, new long[] {1 << 20, 1 << 12}))
                .isFalse();
    }

    @Test
    void aParameterIsStoredWhenItIsFrozenAndCannotBeUnfrozen() {
        INDArray w = floats(1, 250, 200);
        Parameter parameter = new Parameter("w", w, true);
        parameter.weight().store(Precision.INT8);
        assertThat(parameter.value()).isSameAs(w);
        long version = parameter.weight().version();
        parameter.setTrainable(false);
        assertThat(parameter.weight().version()).isGreaterThan(version);
        assertThat(parameter.value()).isNotSameAs(w).isNotSameAs(parameter.value());
        assertThat(parameter).hasToString("w [250, 200] FLOAT frozen");
        assertThat(parameter.weight().storage("l"))
                .isEqualTo(new WeightStorage("l", "ND4J", "INT8", 250 * 200 + 4 * 250));
        assertThatIllegalStateException()
                .isThrownBy(() -> parameter.setTrainable(true))
                .withMessage(
                        "w: must be stored in FLOAT to be unfrozen, found INT8; unfreeze a copy of the network, or call"
                                + " setBaseStorage with FLOAT, which keeps the rounded weights");
        assertThat(parameter.isTrainable()).isFalse();
    }

    @Test
    void inSinglePrecisionAgainItHasTheRoundedWeightsAndTheOldFingerprintUntilItTrains() {
        INDArray w = floats(1, 250, 200);
        Parameter parameter = new Parameter("w", w, false);
        parameter.weight().store(Precision.INT8);
        INDArray rounded = parameter.value();
        parameter.weight().store(Precision.FLOAT);
        assertThat(ArrayBits.equal(parameter.value(), rounded)).isTrue();
        assertThat(parameter.value()).isSameAs(parameter.value());
        assertThat(parameter.weight().fingerprint()).isEqualTo(ArrayFingerprint.of(w));
        parameter.setTrainable(true);
        parameter.setTrainable(false);
        assertThat(parameter.weight().fingerprint()).isEqualTo(ArrayFingerprint.of(rounded));
    }

    @Test
    void whatWasRememberedIsComputedAgainWhenTheMatrixIsStoredInFewerBits() {
        Parameter parameter = new Parameter("w", floats(1, 250, 200), false);
        INDArray norms = parameter.weight().rowNorms();
        parameter.weight().store(Precision.INT8);
        assertThat(ArrayBits.equal(parameter.weight().rowNorms(), norms)).isFalse();
    }
}
