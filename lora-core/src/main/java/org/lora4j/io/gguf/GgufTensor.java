package org.lora4j.io.gguf;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.function.IntUnaryOperator;
import org.lora4j.internal.MessageText;
import org.lora4j.internal.math.HalfFloats;
import org.lora4j.io.internal.ArrayBytes;
import org.lora4j.io.internal.ByteSink;
import org.lora4j.io.safetensors.Dtype;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A matrix as a GGUF file stores it.
 *
 * @param name its name in the file
 * @param matrix {@code [rows, columns]}, FLOAT or DOUBLE
 * @param sourceRow the row of the matrix that the file has as row i
 * @param factor by which the elements are multiplied
 */
record GgufTensor(String name, INDArray matrix, IntUnaryOperator sourceRow, double factor) {
    private static final int CHUNK = 1 << 16;
    private static final float LARGEST_HALF = 65_504;

    static GgufTensor of(String name, INDArray matrix) {
        return new GgufTensor(name, matrix, row -> row, 1);
    }

    long rows() {
        return matrix.size(0);
    }

    long columns() {
        return matrix.size(1);
    }

    long byteLength(Dtype precision) {
        return precision.byteLength(matrix.shape());
    }

    /**
     * Checks that all elements are finite in a precision.
     *
     * @throws IllegalArgumentException if one is not
     */
    void requireFinite(Dtype precision) {
        float most = precision == Dtype.F16 ? LARGEST_HALF : Float.MAX_VALUE;
        forEachRow(row -> {
            for (float element : row) {
                if (!(Math.abs(element) <= most)) {
                    throw new IllegalArgumentException(
                            MessageText.quote(name) + ": elements must be at most " + most + " in "
                                    + precision + ", found " + element
                                    + (precision == Dtype.F16 ? "; write the file in F32" : ""));
                }
            }
        });
    }

    /** Writes the elements, row by row and little-endian. */
    <E extends Exception> void writeTo(Dtype precision, ByteSink<E> sink) throws E {
        int rowBytes = Math.toIntExact(columns() * precision.size());
        ByteBuffer chunk = ByteBuffer.allocate(Math.max(CHUNK, rowBytes)).order(ByteOrder.LITTLE_ENDIAN);
        forEachRow(row -> {
            if (chunk.remaining() < rowBytes) {
                sink.write(chunk.flip());
                chunk.clear();
            }
            for (float element : row) {
                if (precision == Dtype.F16) {
                    chunk.putShort(HalfFloats.of(element));
                } else {
                    chunk.putFloat(element);
                }
            }
        });
        sink.write(chunk.flip());
    }

    /** Uses a row; the array is used again for the next one. */
    private interface RowAction<E extends Exception> {
        void accept(float[] row) throws E;
    }

    private <E extends Exception> void forEachRow(RowAction<E> action) throws E {
        float[] row = new float[Math.toIntExact(columns())];
        ArrayBytes.with(matrix.castTo(DataType.FLOAT), bytes -> {
            FloatBuffer elements = bytes.asFloatBuffer();
            for (int i = 0; i < rows(); i++) {
                elements.get(sourceRow.applyAsInt(i) * row.length, row);
                if (factor != 1) {
                    for (int j = 0; j < row.length; j++) {
                        row[j] = (float) (factor * row[j]);
                    }
                }
                action.accept(row);
            }
        });
    }
}
