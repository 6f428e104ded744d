package org.lora4j.nn.weight.internal;

import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.threads.SpareProcessors;
import org.lora4j.linalg.Precision;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A frozen FLOAT matrix in 2 bytes or 1 byte for each element. A product expands some rows at a time into a buffer of floats,
 * so both directions multiply with the same weights. The matrix has native memory of its own, in 'c' order.
 */
public abstract sealed class CompactMatrix extends RowMatrix permits BFloat16Matrix, Int8Matrix {
    /** A smaller matrix saves too little. Product engines have the same limit. */
    private static final long LEAST_ELEMENTS = 50_000;

    /** A buffer of this many floats fits into the second-level cache of most processors. */
    private static final int BLOCK = 1 << 18;

    /** The fewest multiplications for which another thread saves time. */
    private static final long LEAST_MULTIPLICATIONS = 8_000_000;

    private final INDArray codes;
    private final int blockRows;
    private volatile INDArray @Nullable [] blocks;

    /**
     * Holds a matrix.
     *
     * @param codes {@code [out, in]} of BFLOAT16 or INT8
     * @param original the fingerprint of the weights before they were rounded; null if rounding changed nothing
     */
    CompactMatrix(INDArray codes, @Nullable String original) {
        super(Math.toIntExact(codes.size(0)), Math.toIntExact(codes.size(1)), original);
        this.codes = codes;
        blockRows = Math.min(height(), Math.max(1, BLOCK / width()));
    }

    /**
     * Returns whether a matrix can be stored in fewer bits, and saves enough memory then.
     *
     * @param type the type of the elements
     * @param shape the shape
     * @return true for a FLOAT matrix of at least 50,000 elements
     */
    public static boolean fits(DataType type, long[] shape) {
        if (type != DataType.FLOAT || shape.length != 2) {
            return false;
        }
        long elements = shape[0] * shape[1];
        return elements >= LEAST_ELEMENTS && elements <= Integer.MAX_VALUE / Short.BYTES;
    }

    /**
     * Stores a matrix in another form.
     *
     * @param matrix a matrix that {@link #fits}
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
                        rows -> of(
                                rows,
                                Math.toIntExact(elements.shape()[0]),
                                Math.toIntExact(elements.shape()[1]),
                                precision,
                                originalOf(elements))));
    }

    private static @Nullable String originalOf(WeightMatrix elements) {
        return elements instanceof ArrayMatrix rounded ? rounded.original() : elements.fingerprint();
    }

    /** Passes the rows of a matrix to a function. */
    static <R> R withRows(WeightMatrix matrix, Function<Rows, R> function) {
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
    static CompactMatrix of(RowMatrix matrix, Precision precision, @Nullable String original) {
        return of(matrix.rows(), matrix.height(), matrix.width(), precision, original);
    }

    private static CompactMatrix of(Rows rows, int height, int width, Precision precision, @Nullable String original) {
        return precision == Precision.BFLOAT16
                ? BFloat16Matrix.of(rows, height, width, original)
                : Int8Matrix.of(rows, height, width, original);
    }

    /** Allocates native memory for a matrix of codes. */
    static INDArray allocate(DataType type, int height, int width) {
        return Nd4j.createUninitializedDetached(type, 'c', height, width);
    }

    /** Arrays for codes of a row, which can be used again. */
    static final class Scratch {
        private short[] shorts = new short[0];
        private byte[] bytes = new byte[0];

        short[] shorts(int length) {
            if (shorts.length < length) {
                shorts = new short[length];
            }
            return shorts;
        }

        byte[] bytes(int length) {
            if (bytes.length < length) {
                bytes = new byte[length];
            }
            return bytes;
        }
    }

    /**
     * Copies the codes of a row as floats, without the scale.
     *
     * @param row the number of the row
     * @param target gets {@code in} elements
     * @param scratch used for the codes
     */
    abstract void readCodes(int row, float[] target, Scratch scratch);

    /** Copies a row as it is multiplied with. */
    final void readRow(int row, float[] target, Scratch scratch) {
        readCodes(row, target, scratch);
        float[] scales = scales();
        if (scales != null) {
            float scale = scales[row];
            int width = width();
            for (int j = 0; j < width; j++) {
                target[j] *= scale;
            }
        }
    }

    @Override
    final Rows rows() {
        Scratch scratch = new Scratch();
        return (row, target) -> readRow(row, target, scratch);
    }

    /** Returns an element as it is multiplied with. */
    abstract float element(int row, int column);

    /** Returns a scale for each row, which the expanded codes are multiplied with; null for none. */
    abstract float @Nullable [] scales();

    /**
     * Returns whether another matrix has the same elements.
     *
     * @param other a matrix
     * @return true if type, shape and all bits are equal
     */
    public boolean hasElementsOf(CompactMatrix other) {
        return precision() == other.precision()
                && height() == other.height()
                && width() == other.width()
                && hasElements(other::rows);
    }

    /** Releases the native memory. Nobody may use the matrix any more. */
    final void close() {
        codes.close();
    }

    @Override
    public long bytes() {
        return codes.length() * codes.dataType().width();
    }

    /** Rows of codes as views, in blocks that a buffer has room for. */
    private INDArray[] blocks() {
        INDArray[] known = blocks;
        if (known == null) {
            int height = height();
            int width = width();
            known = new INDArray[(height + blockRows - 1) / blockRows];
            for (int i = 0; i < known.length; i++) {
                int from = i * blockRows;
                known[i] = Nd4j.create(
                        codes.data(),
                        new long[] {Math.min(blockRows, height - from), width},
                        new long[] {width, 1},
                        (long) from * width,
                        'c');
            }
            blocks = known;
        }
        return known;
    }

    /** Divides the blocks among the processors that neither BLAS nor an engine uses. */
    @Override
    public void multiply(ProductContext context, INDArray x, INDArray y) {
        INDArray[] all = blocks();
        int parts = Math.min(all.length, SpareProcessors.parts(codes.length() * x.size(0), LEAST_MULTIPLICATIONS));
        SpareProcessors.runParts(
                parts,
                part -> ExpandedBlock.use(buffer -> {
                    int end = SpareProcessors.start(all.length, part + 1, parts);
                    for (int i = SpareProcessors.start(all.length, part, parts); i < end; i++) {
                        buffer.multiply(x, this, i * blockRows, all[i], y);
                    }
                }));
    }

    @Override
    public void multiplyTransposed(ProductContext context, INDArray g, INDArray dx, boolean adds) {
        INDArray[] all = blocks();
        ExpandedBlock.use(buffer -> {
            for (int i = 0; i < all.length; i++) {
                buffer.multiplyTransposed(g, this, i * blockRows, all[i], dx, adds || i > 0);
            }
        });
    }

    @Override
    public INDArray column(long column) {
        float[] elements = new float[height()];
        for (int i = 0; i < elements.length; i++) {
            elements[i] = element(i, Math.toIntExact(column));
        }
        return rowOf(elements);
    }
}
