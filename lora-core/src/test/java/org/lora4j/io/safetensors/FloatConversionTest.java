package org.lora4j.io.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.lora4j.internal.math.HalfFloats;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

class FloatConversionTest {
    private static final int PATTERNS = 1 << 16;

    @Test
    void givesEveryHalfExactly() throws Exception {
        INDArray floats = all(Dtype.F16).tensor("t");

        float[] expected = new float[PATTERNS];
        for (int half = 0; half < PATTERNS; half++) {
            double sign = half < 0x8000 ? 1 : -1;
            int exponent = half >> 10 & 0x1F;
            double fraction = (half & 0x3FF) / 1024.0;
            if (exponent == 31) {
                expected[half] = fraction == 0 ? (float) (sign / 0.0) : Float.NaN;
            } else {
                double significand = exponent == 0 ? fraction : 1 + fraction;
                expected[half] = (float) (sign * significand * Math.pow(2, Math.max(exponent, 1) - 15));
            }
        }
        assertThat(floats.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(floats.toFloatVector()).isEqualTo(expected);
    }

    @Test
    void keepsTheSignOfZeroAndThePayloadOfNan() {
        assertThat(HalfFloats.toFloatBits(0x8000)).isEqualTo(0x8000_0000);
        assertThat(HalfFloats.toFloatBits(0x7D01)).isEqualTo(0x7FA0_2000);
        assertThat(HalfFloats.toFloatBits(0xFE00)).isEqualTo(0xFFC0_0000);
    }

    @Test
    void givesEveryBfloat16AsTheUpperHalfOfAFloat() throws Exception {
        INDArray floats = all(Dtype.BF16).tensor("t");

        float[] expected = new float[PATTERNS];
        for (int bits = 0; bits < PATTERNS; bits++) {
            expected[bits] = Float.intBitsToFloat(bits << 16);
        }
        assertThat(floats.dataType()).isEqualTo(DataType.FLOAT);
        assertThat(floats.toFloatVector()).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(
            value = Dtype.class,
            names = {"F16", "BF16", "F32", "F64"})
    void givesFloatingPointTypesAsFloatAndDouble(Dtype dtype) throws Exception {
        byte[] one = bytesOfOne(dtype);
        SafeTensors tensors =
                SafeTensors.builder().bytes("t", dtype, new long[] {1, 1}, one).build();

        assertThat(tensors.tensor("t", DataType.FLOAT)).isEqualTo(Nd4j.ones(DataType.FLOAT, 1, 1));
        assertThat(tensors.tensor("t", DataType.DOUBLE)).isEqualTo(Nd4j.ones(DataType.DOUBLE, 1, 1));
    }

    @Test
    void givesTheHeldArrayWhereTheTypeIsRightAlready() throws Exception {
        INDArray array = Nd4j.createFromArray(1.0, 2.0);
        SafeTensors tensors = SafeTensors.of(Map.of("t", array), Map.of());

        assertThat(tensors.tensor("t", DataType.DOUBLE)).isSameAs(array);
        assertThat(tensors.tensor("t", DataType.FLOAT)).isEqualTo(Nd4j.createFromArray(1f, 2f));
    }

    @Test
    void roundsDoublesInRowMajorOrder() throws Exception {
        INDArray array = Nd4j.createFromArray(0.1, 0.2, 0.3, 1e-60, Double.NaN, Double.NEGATIVE_INFINITY)
                .reshape(2, 3)
                .dup('f');

        INDArray floats = SafeTensors.of(Map.of("t", array), Map.of()).tensor("t", DataType.FLOAT);

        assertThat(Arrays.deepToString(floats.toFloatMatrix())).isEqualTo("[[0.1, 0.2, 0.3], [0.0, NaN, -Infinity]]");
    }

    @Test
    void refusesAFiniteDoubleThatWouldBecomeInfinite() {
        SafeTensors tensors = SafeTensors.of(Map.of("linear1.weight", Nd4j.createFromArray(1.0, -1e39)), Map.of());

        assertThatThrownBy(() -> tensors.tensor("linear1.weight", DataType.FLOAT))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessage("tensors in memory: tensor 'linear1.weight': finite values must stay finite as FLOAT, "
                        + "found -1.0E39 at element 1");
    }

    @ParameterizedTest
    @EnumSource(
            value = Dtype.class,
            names = {"F8_E5M2", "F8_E4M3"})
    void refusesTypesThatNd4jLacks(Dtype dtype) {
        SafeTensors tensors = SafeTensors.builder()
                .bytes("t", dtype, new long[] {1}, new byte[1])
                .build();

        assertThatThrownBy(() -> tensors.tensor("t"))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessage("tensors in memory: tensor 't': the dtype must have an exact counterpart in ND4J, found "
                        + dtype);
        assertThatThrownBy(() -> tensors.tensor("t", DataType.FLOAT))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessageContaining("found " + dtype);
    }

    @Test
    void refusesIntegersAsFloatingPoint() {
        SafeTensors tensors = SafeTensors.of(Map.of("t", Nd4j.createFromArray(1L)), Map.of());

        assertThatThrownBy(() -> tensors.tensor("t", DataType.FLOAT))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessage("tensors in memory: tensor 't': the dtype must be a floating-point type to be given as "
                        + "FLOAT, found I64");
    }

    @Test
    void refusesOtherTypesThanFloatAndDouble() {
        SafeTensors tensors = SafeTensors.of(Map.of("t", Nd4j.createFromArray(1f)), Map.of());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> tensors.tensor("t", DataType.FLOAT16))
                .withMessage("tensor 't': the type must be FLOAT or DOUBLE, found HALF");
    }

    @Test
    void refusesTruthValuesOtherThanZeroAndOne() throws Exception {
        SafeTensors good = SafeTensors.builder()
                .bytes("t", Dtype.BOOL, new long[] {2}, new byte[] {0, 1})
                .build();
        SafeTensors bad = SafeTensors.builder()
                .bytes("t", Dtype.BOOL, new long[] {2}, new byte[] {1, -1})
                .build();

        assertThat(good.tensor("t")).isEqualTo(Nd4j.createFromArray(false, true));
        assertThatThrownBy(() -> bad.tensor("t"))
                .isInstanceOf(SafeTensorsException.class)
                .hasMessage("tensors in memory: tensor 't': a BOOL must be 0 or 1, found 255 at element 1");
    }

    private static SafeTensors all(Dtype dtype) {
        ByteBuffer bytes = ByteBuffer.allocate(PATTERNS * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < PATTERNS; i++) {
            bytes.putShort((short) i);
        }
        return SafeTensors.builder()
                .bytes("t", dtype, new long[] {PATTERNS}, bytes.array())
                .build();
    }

    private static byte[] bytesOfOne(Dtype dtype) {
        ByteBuffer bytes = ByteBuffer.allocate(dtype.size()).order(ByteOrder.LITTLE_ENDIAN);
        switch (dtype) {
            case F16 -> bytes.putShort((short) 0x3C00);
            case BF16 -> bytes.putShort((short) 0x3F80);
            case F32 -> bytes.putFloat(1);
            case F64 -> bytes.putDouble(1);
            default -> throw new IllegalArgumentException(dtype.name());
        }
        return bytes.array();
    }
}
