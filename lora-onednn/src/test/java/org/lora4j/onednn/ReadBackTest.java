package org.lora4j.onednn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
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
