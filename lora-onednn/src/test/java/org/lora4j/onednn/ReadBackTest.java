package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.ProductEngine.Direction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Rows of a packed weight have the bits of the weight. */
@Tag("numbers")
class ReadBackTest {
    private static final long[] SIZES = {1, 2, 15, 16, 17, 48, 63, 64, 65, 100, 384, 1000};

    private final OneDnnEngine engine = new OneDnnEngine(true);

    /** Weights that are exact in a kind: integers of 7 bits times a power of two, the largest of them in each row, no −0. */
    private static INDArray weights(long seed, long rows, long columns) {
        INDArray whole = Matrices.random(seed, rows, columns);
        for (long i = 0; i < rows; i++) {
            for (long j = 0; j < columns; j++) {
                double q = j == 0 ? 127 : Math.rint(whole.getDouble(i, j) * 127) + 0.0;
                whole.putScalar(i, j, q * 0x1p-9);
            }
        }
        return whole;
    }

    private static void assertRows(PackedWeight packed, INDArray weight, String what) {
        float[] row = new float[(int) weight.size(1)];
        for (long i = 0; i < weight.size(0); i++) {
            assertThat(packed.readRow(i, row)).as(what).isTrue();
            // Other than ==, it tells 0 from −0.
            assertThat(Arrays.equals(row, weight.getRow(i).toFloatVector()))
                    .as("%s, row %d", what, i)
                    .isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    @Tag("slow")
    void allSizes(Kind kind) {
        for (long out : SIZES) {
            for (long in : SIZES) {
                INDArray weight = kind == Kind.FLOAT ? Matrices.random(out, out, in) : weights(out, out, in);
                var packed = engine.prepare(weight, kind, Direction.FORWARD);
                assumeTrue(packed.isPresent(), "oneDNN computes " + kind + " on this processor");
                assertRows(packed.orElseThrow(), weight, kind + " " + out + "x" + in);
            }
        }
    }

    /** Weights whose scales are no powers of two, and many of whose elements lie in the middle of two integers, or next to it. */
    private static INDArray middles(long seed, int rows, int columns) {
        SplittableRandom random = new SplittableRandom(seed);
        INDArray weight = Nd4j.createUninitialized(DataType.FLOAT, new long[] {rows, columns}, 'c');
        for (int i = 0; i < rows; i++) {
            float largest = (float) (0.01 + random.nextDouble());
            float scale = largest / 127;
            for (int j = 0; j < columns; j++) {
                float middle = (random.nextInt(-126, 126) + 0.5f) * scale;
                float element = switch (j % 5) {
                    case 0 -> Math.nextUp(middle);
                    case 1 -> Math.nextDown(middle);
                    case 2 -> (float) (random.nextDouble() * 2 - 1) * largest;
                    default -> middle;
                };
                weight.putScalar(i, j, j == 0 ? largest : element);
            }
        }
        return weight;
    }

    /** {@code s·round(w/s)} with {@code s = max|w|/127}, where halves go to the even integer. */
    private static float[] formula(float[] row) {
        float largest = 0;
        for (float element : row) {
            largest = Math.max(largest, Math.abs(element));
        }
        float scale = largest / 127;
        float[] rounded = new float[row.length];
        for (int j = 0; j < row.length; j++) {
            rounded[j] = scale * (float) Math.rint(row[j] / scale) + 0.0f;
        }
        return rounded;
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"INT8", "INT8_BFLOAT16", "INT8_INT16", "INT8_INT8"})
    void elementsInTheMiddleAreRoundedAsTheFormulaSays(Kind kind) {
        INDArray weight = middles(7, 200, 300);
        for (INDArray place : List.of(weight, weight.dup('f'))) {
            INDArray before = place.dup();
            var packed = engine.prepare(place, kind, Direction.FORWARD);
            assumeTrue(packed.isPresent(), "oneDNN computes " + kind + " on this processor");
            float[] row = new float[300];
            for (int i = 0; i < 200; i++) {
                assertThat(packed.orElseThrow().readRow(i, row)).isTrue();
                assertThat(row)
                        .as("row %d", i)
                        .containsExactly(formula(weight.getRow(i).toFloatVector()));
            }
            assertThat(place).isEqualTo(before);
        }
    }

    /** Each row of the identity reads a row of W. */
    @Test
    void theOtherDirectionHasTheSameIntegers() {
        INDArray weight = middles(8, 200, 300);
        PackedWeight packed =
                engine.prepare(weight, Kind.INT8, Direction.TRANSPOSED).orElseThrow();
        INDArray found = Nd4j.createUninitialized(DataType.FLOAT, new long[] {200, 300}, 'c');
        packed.multiply(Nd4j.eye(200).castTo(DataType.FLOAT), found, false);
        for (int i = 0; i < 200; i++) {
            assertThat(found.getRow(i).toFloatVector())
                    .as("row %d", i)
                    .containsExactly(formula(weight.getRow(i).toFloatVector()));
        }
    }

    @Test
    void zerosAndTheSmallestAndLargestNumbersKeepTheirBits() {
        INDArray weight = Nd4j.createUninitialized(DataType.FLOAT, 100, 70);
        float[] special = {-0.0f, 0, Float.MIN_VALUE, -Float.MIN_VALUE, 0x1p-130f, Float.MAX_VALUE, -Float.MAX_VALUE, 1
        };
        for (int i = 0; i < weight.length(); i++) {
            weight.data().put(i, special[i % special.length]);
        }
        assertRows(engine.prepare(weight, Kind.FLOAT, Direction.FORWARD).orElseThrow(), weight, "special numbers");
    }

    @Test
    void theOtherDirectionIsNotRead() {
        PackedWeight packed = engine.prepare(Matrices.random(1, 100, 70), Kind.FLOAT, Direction.TRANSPOSED)
                .orElseThrow();
        float[] row = {1};
        assertThat(packed.readRow(0, row)).isFalse();
        assertThat(row).containsExactly(1);
    }
}
