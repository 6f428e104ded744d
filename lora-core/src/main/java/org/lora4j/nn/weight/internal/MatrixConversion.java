package org.lora4j.nn.weight.internal;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.weight.internal.RowMatrix.Rows;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Stores matrices in other forms. */
public final class MatrixConversion {
    private MatrixConversion() {}

    /**
     * Stores a matrix in another form.
     *
     * @param matrix a matrix that {@linkplain CompactMatrix#fits fits}
     * @param precision the form; {@code FLOAT} for an array
     * @return a matrix that shares no memory with the other one, and has its fingerprint
     */
    public static WeightMatrix convert(WeightMatrix matrix, Precision precision) {
        if (precision == Precision.FLOAT) {
            return new ArrayMatrix(matrix.copy(), matrix.fingerprint());
        }
        return OwnedMatrix.read(
                matrix,
                elements -> withRows(
                        elements,
                        rows -> round(
                                rows,
                                Math.toIntExact(elements.shape()[0]),
                                Math.toIntExact(elements.shape()[1]),
                                precision,
                                originalOf(elements))));
    }

    private static @Nullable String originalOf(WeightMatrix elements) {
        return elements instanceof ArrayMatrix rounded ? rounded.original() : elements.fingerprint();
    }

    /**
     * Rounds a matrix to bfloat16.
     *
     * @param matrix a matrix of FLOAT
     * @return a new array of BFLOAT16
     */
    public static INDArray toBFloat16(WeightMatrix matrix) {
        return OwnedMatrix.read(
                matrix,
                elements -> withRows(elements, rows -> {
                    long[] shape = elements.shape();
                    return BFloat16Matrix.rounded(rows, Math.toIntExact(shape[0]), Math.toIntExact(shape[1]));
                }));
    }

    /** Passes the rows of a matrix to a function. */
    private static <R> R withRows(WeightMatrix matrix, Function<Rows, R> function) {
        if (matrix instanceof RowMatrix rows) {
            return function.apply(rows.rows());
        }
        INDArray array = matrix.array();
        INDArray rows = array.ordering() == 'c' ? array : array.dup('c');
        try {
            return function.apply(ArrayMatrix.rowsOf(rows));
        } finally {
            if (rows != array) {
                rows.close();
            }
        }
    }

    /** Rounds the rows of a matrix. */
    static CompactMatrix round(RowMatrix matrix, Precision precision, @Nullable String original) {
        return round(matrix.rows(), matrix.height(), matrix.width(), precision, original);
    }

    private static CompactMatrix round(
            Rows rows, int height, int width, Precision precision, @Nullable String original) {
        return switch (precision) {
            case BFLOAT16 -> BFloat16Matrix.of(rows, height, width, original);
            case INT8, INT8_DYNAMIC -> Int8Matrix.of(rows, height, width, precision, original);
            case INT4 -> Int4Matrix.of(rows, height, width, original);
            case FLOAT -> throw new IllegalArgumentException("precision: must have fewer bits, found FLOAT");
        };
    }
}
