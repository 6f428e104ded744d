package org.lora4j.linalg;

import java.util.Arrays;
import org.lora4j.internal.memory.ArrayBits;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks the arguments of this package. */
final class Checks {
    private Checks() {}

    /** Checks a matrix and returns a contiguous copy in LAPACK's order, 'f'. The caller may overwrite the copy. */
    static INDArray finiteCopy(String where, INDArray a) {
        requireMatrix(where, a);
        INDArray copy = a.dup('f');
        if (!ArrayBits.isFinite(copy)) {
            throw new IllegalArgumentException(where + ": every entry must be finite, found " + firstNonFinite(a));
        }
        return copy;
    }

    static void requireMatrix(String where, INDArray a) {
        if (a.dataType() != DataType.FLOAT && a.dataType() != DataType.DOUBLE) {
            throw new IllegalArgumentException(where + ": the type must be FLOAT or DOUBLE, found " + a.dataType());
        }
        if (a.rank() != 2) {
            throw new IllegalArgumentException(
                    where + ": the array must be a matrix (2 dimensions), found shape " + Arrays.toString(a.shape()));
        }
        if (a.isEmpty()) {
            throw new IllegalArgumentException(
                    where + ": the matrix must have at least one row and one column, found shape "
                            + Arrays.toString(a.shape()));
        }
    }

    /** Checks that the product {@code left·right} exists and that both have the same type. */
    static void requireProduct(String where, INDArray left, INDArray right) {
        requireMatrix(where, left);
        requireMatrix(where, right);
        if (left.size(1) != right.size(0)) {
            throw new IllegalArgumentException(
                    where + ": the left factor must have as many columns as the right one has" + " rows, found shapes "
                            + Arrays.toString(left.shape()) + " and " + Arrays.toString(right.shape()));
        }
        if (left.dataType() != right.dataType()) {
            throw new IllegalArgumentException(where + ": both factors must have the same type, found "
                    + left.dataType() + " and " + right.dataType());
        }
    }

    static void requireInRange(String what, int value, int low, int high) {
        if (value < low || value > high) {
            throw new IllegalArgumentException(what + " must be in [" + low + ", " + high + "], found " + value);
        }
    }

    private static String firstNonFinite(INDArray a) {
        for (long i = 0; i < a.size(0); i++) {
            for (long j = 0; j < a.size(1); j++) {
                double value = a.getDouble(i, j);
                if (!Double.isFinite(value)) {
                    return value + " at [" + i + ", " + j + "]";
                }
            }
        }
        throw new AssertionError("every entry is finite");
    }
}
