package org.lora4j.nn.weight.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.CodeMemory;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A matrix of bfloat16: the upper half of each float. Floats are rounded to the nearest one, and ties to even; none becomes infinite. */
public final class BFloat16Matrix extends CodeMatrix {
    private static final int LOWER_HALF = 0xffff;

    /** What is added to the bits so that dropping the lower half rounds up from above the middle. */
    private static final int ALMOST_HALF = 0x7fff;

    private static final int EXPONENT = 0x7f80_0000;

    private static final int MANTISSA = 0x007f_ffff;

    private static final int QUIET_NAN = 0x0040_0000;

    private final CodeMemory memory;

    private BFloat16Matrix(INDArray codes, @Nullable String original) {
        super(codes, original);
        memory = new CodeMemory(codes);
    }

    /**
     * Holds a matrix that is stored in bfloat16 already.
     *
     * @param codes BFLOAT16 {@code [out, in]} in 'c' order, no view; not copied
     * @return the matrix
     */
    public static BFloat16Matrix of(INDArray codes) {
        return new BFloat16Matrix(codes, null);
    }

    static BFloat16Matrix of(Rows rows, int height, int width, @Nullable String original) {
        INDArray codes = allocate(DataType.BFLOAT16, height, width);
        boolean isExact = round(rows, codes);
        return new BFloat16Matrix(codes, original == null && !isExact ? fingerprint(rows, height, width) : original);
    }

    /** Rounds rows to a new array of BFLOAT16. */
    static INDArray rounded(Rows rows, int height, int width) {
        INDArray codes = allocate(DataType.BFLOAT16, height, width);
        round(rows, codes);
        return codes;
    }

    /** Rounds rows, and returns whether that changed nothing. */
    private static boolean round(Rows rows, INDArray codes) {
        int height = Math.toIntExact(codes.size(0));
        int width = Math.toIntExact(codes.size(1));
        CodeMemory memory = new CodeMemory(codes);
        float[] row = new float[width];
        short[] rounded = new short[width];
        boolean isExact = true;
        for (int i = 0; i < height; i++) {
            rows.read(i, row);
            isExact &= round(row, rounded);
            memory.put(i * width, rounded, width);
        }
        return isExact;
    }

    /** Rounds, and returns whether that changed nothing. */
    private static boolean round(float[] row, short[] rounded) {
        int lost = 0;
        for (int j = 0; j < row.length; j++) {
            int bits = Float.floatToRawIntBits(row[j]);
            lost |= bits & LOWER_HALF;
            rounded[j] = (short) (round(bits) >> Short.SIZE);
        }
        return lost == 0;
    }

    /** Rounds the bits of a float; the lower half of the result is of no use. */
    private static int round(int bits) {
        if ((bits & EXPONENT) == EXPONENT) {
            // An infinity, or a NaN, which must not become an infinity.
            return (bits & MANTISSA) == 0 ? bits : bits | QUIET_NAN;
        }
        int rounded = bits + ALMOST_HALF + (bits >> Short.SIZE & 1);
        // The largest floats stay finite.
        return (rounded & EXPONENT) == EXPONENT ? bits : rounded;
    }

    @Override
    public Precision precision() {
        return Precision.BFLOAT16;
    }

    @Override
    void readCodes(int row, float[] target, Scratch scratch) {
        int width = width();
        short[] bits = scratch.shorts(width);
        memory.get(row * width, bits, width);
        for (int j = 0; j < width; j++) {
            target[j] = Float.intBitsToFloat(bits[j] << Short.SIZE);
        }
    }

    @Override
    float element(int row, int column) {
        short[] bits = new short[1];
        memory.get(row * width() + column, bits, 1);
        return Float.intBitsToFloat(bits[0] << Short.SIZE);
    }

    @Override
    float @Nullable [] scales() {
        return null;
    }
}
