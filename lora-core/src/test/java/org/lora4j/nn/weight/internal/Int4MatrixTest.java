package org.lora4j.nn.weight.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lora4j.fixtures.Differences;
import org.lora4j.internal.memory.ArrayBits;
import org.lora4j.internal.memory.ArrayFingerprint;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.Samples;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@Tag("numbers")
class Int4MatrixTest {
    private static final int GROUP = 32;

    private final ProductContext context = new ProductContext();

    private static Int4Matrix rounded(INDArray w) {
        return (Int4Matrix) MatrixConversion.convert(new ArrayMatrix(w), Precision.INT4);
    }

    private static INDArray floats(long seed, int rows, int columns) {
        return Samples.gaussian(seed, DataType.FLOAT, rows, columns);
    }

    /** A matrix {@code w = s·c + o} with random codes, scales and offsets. */
    private static Int4Matrix withOffsets(int height, int width) {
        return Int4Matrix.of(
                (row, codes, scales, offsets) -> {
                    Random random = new Random(row);
                    for (int j = 0; j < width; j++) {
                        codes[j] = (byte) random.nextInt(16);
                    }
                    for (int g = 0; g < scales.length; g++) {
                        scales[g] = (float) random.nextGaussian();
                        offsets[g] = (float) random.nextGaussian();
                    }
                },
                height,
                width,
                true);
    }

    /** Widths that are no whole groups or ints, and heights beside those of the parts that lie together. */
    @ParameterizedTest
    @CsvSource({
        "250, 200",
        "767, 128",
        "768, 97",
        "769, 129",
        "1537, 63",
        "1600, 33",
        "7000, 9",
        "3, 30011",
        "2, 300000"
    })
    void aGroupHasAScaleAndTheLargestElementOfItStaysAsItIs(int height, int width) {
        INDArray w = floats(1, height, width);
        INDArray stored = rounded(w).array();
        for (int i = 0; i < height; i += 7) {
            for (int first = 0; first < width; first += GROUP) {
                int end = Math.min(width, first + GROUP);
                double most = 0;
                for (int j = first; j < end; j++) {
                    most = Math.abs(w.getDouble(i, j)) > Math.abs(most) ? w.getDouble(i, j) : most;
                }
                double scale = most / -8;
                for (int j = first; j < end; j++) {
                    double code = Math.min(15, Math.floor(w.getDouble(i, j) / scale + 8.5));
                    assertThat(stored.getDouble(i, j)).isCloseTo(scale * (code - 8), within(1e-6));
                }
            }
        }
    }

    @Test
    void whatIsRoundedAlreadyStaysExact() {
        INDArray once = rounded(floats(1, 300, 190)).array();
        Int4Matrix twice = rounded(once);
        assertThat(ArrayBits.equal(twice.array(), once)).isTrue();
        assertThat(twice.fingerprint()).isEqualTo(ArrayFingerprint.of(once));
    }

    @Test
    void groupsOfZerosAndOfTheSmallestNumbersBecomeZero() {
        INDArray w = floats(1, 250, 224);
        for (int j = 0; j < GROUP; j++) {
            w.putScalar(3, j, 0);
            w.putScalar(4, j, j * Float.MIN_VALUE);
        }
        Int4Matrix matrix = rounded(w);
        assertThat(matrix.isFinite()).isTrue();
        for (int i = 3; i <= 4; i++) {
            assertThat(matrix.row(i).getDouble(0)).isZero();
            assertThat(matrix.row(i).getDouble(31)).isZero();
            assertThat(matrix.row(i).getDouble(32)).isNotZero();
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void aGroupThatIsNotFiniteBecomesNaN(float element) {
        INDArray w = floats(1, 250, 200);
        w.putScalar(3, 37, element);
        Int4Matrix matrix = rounded(w);
        assertThat(matrix.isFinite()).isFalse();
        assertThat(matrix.row(3).getDouble(31)).isFinite();
        assertThat(matrix.row(3).getDouble(32)).isNaN();
        assertThat(matrix.row(3).getDouble(64)).isFinite();
        INDArray y = Nd4j.create(DataType.FLOAT, 1, 250);
        matrix.multiply(context, floats(2, 1, 200), y);
        assertThat(y.getDouble(3)).isNaN();
        assertThat(y.getDouble(4)).isFinite();
    }

    /** One to four rows are multiplied as integers, more as floats. */
    @ParameterizedTest
    @CsvSource({
        "250, 224, 1",
        "1030, 97, 2",
        "513, 800, 4",
        "513, 800, 5",
        "769, 300, 1",
        "1537, 600, 3",
        "2000, 64, 40"
    })
    void multipliesWithOffsets(int height, int width, int n) {
        Int4Matrix matrix = withOffsets(height, width);
        INDArray w = matrix.array().castTo(DataType.DOUBLE);
        INDArray x = floats(2, n, width);
        for (char order : new char[] {'c', 'f'}) {
            INDArray y = Nd4j.createUninitialized(DataType.FLOAT, new long[] {n, height}, order);
            matrix.multiply(context, x.dup(order), y);
            assertClose(y, x.castTo(DataType.DOUBLE).mmul(w.transpose()));
        }
        INDArray g = floats(3, n, height);
        INDArray dx = Nd4j.create(DataType.FLOAT, n, width);
        matrix.multiplyTransposed(context, g, dx, false);
        assertClose(dx, g.castTo(DataType.DOUBLE).mmul(w));
    }

    private static void assertClose(INDArray found, INDArray expected) {
        assertThat(Differences.greatest(found, expected))
                .isLessThan(3e-6 * expected.amaxNumber().doubleValue());
    }

    @Test
    void aRowOfFewHasTheSameBitsWhateverTheOthersAndThePartsAre() {
        Int4Matrix matrix = rounded(floats(1, 1537, 640));
        INDArray x = floats(2, 4, 640);
        INDArray all = Nd4j.create(DataType.FLOAT, 4, 1537);
        matrix.multiply(context, x, all);
        IntStream.range(0, 8).parallel().forEach(i -> {
            INDArray one = Nd4j.create(DataType.FLOAT, 1, 1537);
            matrix.multiply(new ProductContext(), x.getRow(i % 4, true).dup(), one);
            assertThat(ArrayBits.equal(one, all.getRow(i % 4, true).dup())).isTrue();
        });
        // A part of the columns, as another thread computes it.
        Int4Inputs inputs = Int4Inputs.of(x, 20);
        INDArray parts = Nd4j.create(DataType.FLOAT, 4, 1537);
        Int4Product.use(product -> {
            product.run(matrix, 0, 333, inputs, parts);
            product.run(matrix, 333, 1000, inputs, parts);
            product.run(matrix, 1000, 1537, inputs, parts);
        });
        assertThat(ArrayBits.equal(parts, all)).isTrue();
    }

    @Test
    void inputsThatAreNotFiniteGiveNaNInTheirRowOnly() {
        Int4Matrix matrix = rounded(floats(1, 250, 200));
        INDArray x = floats(2, 3, 200);
        x.putScalar(1, 17, Float.POSITIVE_INFINITY);
        x.putRow(2, Nd4j.zeros(DataType.FLOAT, 200));
        INDArray y = Nd4j.create(DataType.FLOAT, 3, 250);
        matrix.multiply(context, x, y);
        assertThat(Differences.fromZero(y.getRow(0))).isPositive();
        assertThat(y.getDouble(1, 0)).isNaN();
        assertThat(y.getDouble(1, 249)).isNaN();
        assertThat(Differences.fromZero(y.getRow(2))).isZero();
    }

    /** The largest inputs and codes give the largest sums, which must not overflow. */
    @Test
    void theLargestSumsAreExact() {
        INDArray w = Nd4j.valueArrayOf(new long[] {512, 128}, -8f, DataType.FLOAT);
        w.putScalar(1, 3, 8);
        Int4Matrix matrix = rounded(w);
        for (float sign : new float[] {1, -1}) {
            INDArray x = Nd4j.valueArrayOf(new long[] {1, 128}, sign, DataType.FLOAT);
            INDArray y = Nd4j.create(DataType.FLOAT, 1, 512);
            matrix.multiply(context, x, y);
            assertThat(y.getDouble(0)).isCloseTo(sign * -8 * 128, within(1e-3));
            INDArray row = matrix.row(1);
            assertThat(y.getDouble(1)).isCloseTo(sign * row.sumNumber().doubleValue(), within(1e-3));
        }
    }
}
