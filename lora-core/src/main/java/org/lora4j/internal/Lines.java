package org.lora4j.internal;

import org.nd4j.linalg.api.buffer.DataType;

/**
 * The rows of a small matrix on the Java heap. Each row is an array of its own, because the JVM vectorizes only loops that
 * start at the first element of an array. Not thread-safe.
 *
 * <p>All sums of products add the same numbers in the same order: four products at a time, then the rest. So the result of
 * an element has the same bits whatever the method, the memory orders and the other rows are. Without fused operations and
 * sums across the elements of a vector register, it has these bits on every processor.
 */
abstract class Lines {
    /**
     * Loops over at most this many elements run here. Measured on an AMD Zen 4 processor: with the copies to the heap and
     * back, 8192 elements take as long as in native operations with one thread, and at this limit they take 5 µs longer. But
     * with ND4J's default threads, a native operation over more than 1024 elements wakes all of them. If the processors are
     * busy, it can then take a hundred times as long.
     */
    static final int MAX_ELEMENTS = 1 << 14;

    /** Creates an empty matrix of a type, FLOAT or DOUBLE. */
    static Lines of(DataType type) {
        return type == DataType.FLOAT ? new FloatLines() : new DoubleLines();
    }

    /** Copies a matrix from native memory. */
    abstract void read(MatrixMemory matrix);

    /** Copies the matrix to native memory of the same shape. */
    abstract void write(MatrixMemory matrix);

    /**
     * Computes {@code left·right [rows, columns]} by adding multiples of the rows of {@code right [inner, columns]}.
     *
     * @param leftIsTransposed whether {@code left} holds {@code leftᵀ [inner, rows]}
     */
    abstract void addMultiples(Lines left, boolean leftIsTransposed, Lines right, int rows, int columns, int inner);

    /** Computes {@code left·rightᵀ} from the inner products of the rows of {@code left} and {@code right [columns, inner]}. */
    abstract void innerProducts(Lines left, Lines right, int rows, int columns, int inner);

    /** Computes {@code α·this + β·old}. If β is 0, {@code old} is not read. */
    abstract void combine(double alpha, double beta, Lines old, int rows, int columns);

    /** Computes {@code max(x, 0)} of each element; NaN stays NaN. */
    abstract void relu(int rows, int columns);

    /** Sets the elements to 0 where those of {@code y} are 0. The other elements of {@code y} must be positive. */
    abstract void keepWherePositive(Lines y, int rows, int columns);
}
