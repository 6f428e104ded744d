package org.lora4j.nn.weight.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.Int8Scale;
import org.lora4j.internal.memory.CodeMemory;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix of integers from −127 to 127, with a scale for each row: {@code wⱼₖ = sⱼ·qⱼₖ} with {@code sⱼ = max|wⱼ| / 127}. A row
 * with an element that is not finite becomes NaN.
 */
public final class Int8Matrix extends CodeMatrix {
    private final CodeMemory memory;
    private final float[] scales;
    private final Precision precision;

    private Int8Matrix(INDArray codes, float[] scales, Precision precision, String original) {
        super(codes, original);
        this.precision = precision;
        this.scales = scales;
        memory = new CodeMemory(codes);
    }

    static Int8Matrix of(Rows rows, int height, int width, Precision precision, @Nullable String original) {
        String fingerprint = original == null ? fingerprint(rows, height, width) : original;
        INDArray codes = allocate(DataType.INT8, height, width);
        CodeMemory memory = new CodeMemory(codes);
        float[] scales = new float[height];
        float[] row = new float[width];
        byte[] rounded = new byte[width];
        for (int i = 0; i < height; i++) {
            rows.read(i, row);
            scales[i] = round(row, rounded);
            memory.put(i * width, rounded, width);
        }
        return new Int8Matrix(codes, scales, precision, fingerprint);
    }

    /** Divides a row by its scale, which is returned, and rounds. */
    private static float round(float[] row, byte[] rounded) {
        float largest = 0;
        for (float element : row) {
            largest = Math.max(largest, Math.abs(element));
        }
        if (!Float.isFinite(largest)) {
            return Float.NaN;
        }
        float scale = Int8Scale.of(largest);
        for (int j = 0; j < row.length; j++) {
            rounded[j] = Int8Scale.code(row[j], scale);
        }
        return scale;
    }

    @Override
    public Precision precision() {
        return precision;
    }

    @Override
    public long bytes() {
        return super.bytes() + (long) Float.BYTES * scales.length;
    }

    @Override
    void readCodes(int row, float[] target, Scratch scratch) {
        int width = width();
        byte[] bytes = scratch.bytes(width);
        memory.get(row * width, bytes, width);
        for (int j = 0; j < width; j++) {
            target[j] = bytes[j];
        }
    }

    @Override
    float element(int row, int column) {
        byte[] bytes = new byte[1];
        memory.get(row * width() + column, bytes, 1);
        return scales[row] * bytes[0];
    }

    @Override
    float @Nullable [] scales() {
        return scales;
    }
}
