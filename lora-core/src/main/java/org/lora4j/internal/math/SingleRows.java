package org.lora4j.internal.math;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Adds updates by loops on the heap, which the JVM vectorizes. They read each factor once and take less time than two products of
 * ND4J with one row. All arrays are FLOAT. Not thread-safe.
 */
public final class SingleRows implements RowUpdates {
    /** So many pieces of a factor are copied at a time; they stay in the second-level cache. */
    private static final int FACTOR_PIECES = 64;

    private final HeapRows inputs = new HeapRows();
    private final HeapRows deltas = new HeapRows();
    private final int[] rows = new int[HeapRows.MAX_ROWS];
    private final List<Update> updates = new ArrayList<>();
    private float[][] factor = new float[0][];
    private float[] us = new float[0];
    private final float[] products = new float[HeapRows.PIECE];

    /** The number of different rows in {@link #updates}, which wait until there are many of them. */
    private int count;

    /** The update of the {@code i}-th row of the list. */
    private record Update(int i, INDArray a, INDArray b, double scale) {}

    /** Returns whether the loops support the type and the memory orders of the factors. */
    public static boolean reads(INDArray a, INDArray b) {
        return a.dataType() == DataType.FLOAT
                && a.ordering() == 'c'
                && b.ordering() == 'f'
                && a.elementWiseStride() == 1
                && b.elementWiseStride() == 1;
    }

    @Override
    public void begin(INDArray x, INDArray y) {
        inputs.bind(x);
        deltas.bind(y);
    }

    @Override
    public void add(int row, INDArray a, INDArray b, double scale) {
        if (count == 0 || rows[count - 1] != row) {
            if (count > 0 && row < rows[count - 1]) {
                throw new IllegalArgumentException(
                        "the rows must be in ascending order, found " + row + " after " + rows[count - 1]);
            }
            if (count == HeapRows.MAX_ROWS) {
                end();
            }
            rows[count++] = row;
        }
        updates.add(new Update(count - 1, a, b, scale));
    }

    @Override
    public void end() {
        if (count == 0) {
            return;
        }
        inputs.read(rows, count);
        deltas.clear(count);
        for (Update update : updates) {
            add(inputs.row(update.i()), update.a(), update.b(), update.scale(), deltas.row(update.i()));
        }
        deltas.addTo(rows, count);
        updates.clear();
        count = 0;
    }

    private void add(float[][] x, INDArray a, INDArray b, double scale, float[][] delta) {
        int rank = (int) a.size(0);
        int in = (int) a.size(1);
        int out = (int) b.size(0);
        if (us.length < rank) {
            us = new float[rank];
        }
        ArrayMemory aRows = new ArrayMemory(a);
        int atOnce = rowsAtOnce(in);
        for (int first = 0; first < rank; first += atOnce) {
            int end = Math.min(rank, first + atOnce);
            read(aRows, first, end, in);
            for (int j = first; j < end; j++) {
                us[j] = (float) (scale * down(x, j - first, in));
            }
        }
        ArrayMemory bColumns = new ArrayMemory(b);
        atOnce = rowsAtOnce(out);
        for (int first = 0; first < rank; first += atOnce) {
            int end = Math.min(rank, first + atOnce);
            read(bColumns, first, end, out);
            for (int j = first; j < end; j++) {
                addUp(us[j], j - first, out, delta);
            }
        }
    }

    private static int rowsAtOnce(int width) {
        return Math.max(1, FACTOR_PIECES / pieces(width));
    }

    private static int pieces(int width) {
        return (width + HeapRows.PIECE - 1) / HeapRows.PIECE;
    }

    /** Copies some rows of a factor, one after the other: memory is read fastest in long runs. */
    private void read(ArrayMemory memory, int first, int end, int width) {
        int count = (end - first) * pieces(width);
        if (factor.length < count) {
            factor = new float[count][HeapRows.PIECE];
        }
        int piece = 0;
        for (int j = first; j < end; j++) {
            for (int from = 0; from < width; from += HeapRows.PIECE) {
                memory.get(j * width + from, factor[piece], 0, Math.min(HeapRows.PIECE, width - from));
                piece++;
            }
        }
    }

    private float down(float[][] x, int row, int in) {
        Arrays.fill(products, 0);
        int piece = row * pieces(in);
        for (int from = 0; from < in; from += HeapRows.PIECE) {
            addProducts(x[from / HeapRows.PIECE], factor[piece], Math.min(HeapRows.PIECE, in - from), products);
            piece++;
        }
        return sum(products);
    }

    private void addUp(float u, int row, int out, float[][] delta) {
        int piece = row * pieces(out);
        for (int from = 0; from < out; from += HeapRows.PIECE) {
            addScaled(u, factor[piece], Math.min(HeapRows.PIECE, out - from), delta[from / HeapRows.PIECE]);
            piece++;
        }
    }

    private static void addProducts(float[] x, float[] a, int length, float[] sums) {
        for (int i = 0; i < length; i++) {
            sums[i] += x[i] * a[i];
        }
    }

    private static void addScaled(float u, float[] b, int length, float[] sums) {
        for (int i = 0; i < length; i++) {
            sums[i] += u * b[i];
        }
    }

    /** Adds in four independent sums, which the processor computes in parallel. */
    private static float sum(float[] values) {
        float sum0 = 0;
        float sum1 = 0;
        float sum2 = 0;
        float sum3 = 0;
        for (int i = 0; i + 3 < values.length; i += 4) {
            sum0 += values[i];
            sum1 += values[i + 1];
            sum2 += values[i + 2];
            sum3 += values[i + 3];
        }
        return (sum0 + sum1) + (sum2 + sum3);
    }
}
