package org.lora4j.internal.memory;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The fingerprint of an array of FLOAT or DOUBLE: the SHA-256, in hexadecimal, of the type and shape, such as
 * {@code F32 [16, 12]}, a line feed, and the elements, little-endian and row-major. The memory order does not count.
 */
public final class ArrayFingerprint {
    /** How many elements are hashed at a time. */
    private static final int PIECE = 4096;

    private final MessageDigest digest = Sha256.begin();
    private final ByteBuffer bytes = ByteBuffer.allocate(PIECE * Double.BYTES).order(ByteOrder.LITTLE_ENDIAN);

    /**
     * Starts the fingerprint of an array whose elements follow in pieces.
     *
     * @param type FLOAT or DOUBLE
     * @param shape the shape
     */
    public ArrayFingerprint(DataType type, long[] shape) {
        String name = type == DataType.FLOAT ? "F32" : "F64";
        digest.update((name + " " + Arrays.toString(shape) + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Returns the fingerprint of an array.
     *
     * @param array FLOAT or DOUBLE
     * @return 64 hexadecimal digits
     */
    public static String of(INDArray array) {
        ArrayFingerprint fingerprint = new ArrayFingerprint(array.dataType(), array.shape());
        boolean isRowMajor = array.ordering() == 'c' && !array.isView();
        ArrayMemory memory = new ArrayMemory(isRowMajor ? array : array.dup('c'));
        int length = Math.toIntExact(array.length());
        float[] floats = new float[memory.isFloat() ? PIECE : 0];
        double[] doubles = new double[memory.isFloat() ? 0 : PIECE];
        for (int from = 0; from < length; from += PIECE) {
            int count = Math.min(PIECE, length - from);
            if (memory.isFloat()) {
                memory.get(from, floats, 0, count);
                fingerprint.add(floats, count);
            } else {
                memory.get(from, doubles, 0, count);
                fingerprint.add(doubles, count);
            }
        }
        return fingerprint.hex();
    }

    /**
     * Adds the next elements.
     *
     * @param values holds them
     * @param count how many
     */
    public void add(float[] values, int count) {
        for (int from = 0; from < count; from += PIECE) {
            int length = Math.min(PIECE, count - from);
            bytes.clear().asFloatBuffer().put(values, from, length);
            digest.update(bytes.limit(length * Float.BYTES));
        }
    }

    private void add(double[] values, int count) {
        bytes.clear().asDoubleBuffer().put(values, 0, count);
        digest.update(bytes.limit(count * Double.BYTES));
    }

    /**
     * Returns the fingerprint, after all elements were added.
     *
     * @return 64 hexadecimal digits
     */
    public String hex() {
        return Sha256.end(digest);
    }
}
