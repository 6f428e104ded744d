package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_set_data_handle;
import static org.bytedeco.dnnl.global.dnnl.dnnl_s8;

import java.lang.ref.Cleaner;
import java.util.Map;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.lora4j.internal.memory.ArrayMemory;

/** Splits rows into two parts of 8 bits, and joins the results of both, see {@link SplitProduct}. Belongs to a {@link Workspace}. */
final class RowParts {
    /** What the low part counts in the high one. */
    private static final float STEP = 256;

    /** The largest number of both parts. */
    private static final float LARGEST = 127 * STEP + 127;

    /** A float of less than 2²² is rounded to an integer when this is added and subtracted. */
    private static final float ROUNDING = 3 << 22;

    private static final int KEPT = 64;

    private final Workspace workspace;
    private float[] row = new float[0];
    private float[] high = new float[0];
    private float[] low = new float[0];

    /** By the number of elements. */
    private final Map<Long, Conversion> conversions = new Recent<>(KEPT, Conversion::close);

    RowParts(Workspace workspace) {
        this.workspace = workspace;
    }

    /** Converts integers in floats to bytes. */
    private final class Conversion {
        private final dnnl_memory from;
        private final dnnl_memory to;
        private final Reorder reorder;
        private final Cleaner.Cleanable cleanable;

        Conversion(long elements) {
            NativeObjects objects = new NativeObjects();
            cleanable = objects.closeWith(this);
            dnnl_memory_desc floats = Dnnl.vector(objects, elements, dnnl_f32);
            dnnl_memory_desc bytes = Dnnl.vector(objects, elements, dnnl_s8);
            from = Dnnl.memory(objects, floats, null);
            to = Dnnl.memory(objects, bytes, null);
            reorder = Reorder.copy(objects, floats, from, bytes, to, false);
        }

        void run(long fromAddress, long toAddress) {
            Dnnl.check(dnnl_memory_set_data_handle(from, workspace.address(fromAddress)));
            Dnnl.check(dnnl_memory_set_data_handle(to, workspace.address(toAddress)));
            reorder.run(workspace.stream());
        }

        void close() {
            cleanable.clean();
        }
    }

    /**
     * Splits the rows {@code [from, to)} of a block.
     *
     * @param x dense rows of k numbers
     * @param first the first row of the block in x
     * @param factors what the columns are multiplied with before; without elements for nothing
     * @param scales gets the scale of each row of the block
     * @param parts gets the parts of each row of the block
     */
    void split(ArrayMemory x, int first, int from, int to, int k, float[] factors, float[] scales, Memory parts) {
        reserve(k);
        long elements = 2L * (to - from) * k;
        Memory floats = workspace.inputs(elements * Float.BYTES);
        for (int i = from; i < to; i++) {
            x.get(Math.multiplyExact(first + i, k), row, 0, k);
            if (factors.length > 0) {
                for (int j = 0; j < k; j++) {
                    row[j] *= factors[j];
                }
            }
            scales[i] = splitRow(k);
            int position = 2 * (i - from) * k;
            floats.put(position, high, k);
            floats.put(position + k, low, k);
        }
        Conversion conversion = conversions.computeIfAbsent(elements, Conversion::new);
        conversion.run(floats.address(), parts.address() + 2L * from * k);
    }

    private void reserve(int length) {
        if (row.length < length) {
            row = new float[length];
            high = new float[length];
            low = new float[length];
        }
    }

    /** Splits the row, and returns its scale. */
    private float splitRow(int k) {
        int bits = largestMagnitude(row, k);
        float scale = Float.intBitsToFloat(bits) / LARGEST;
        // Rows of numbers near the smallest ones, whose inverse is infinite, count as 0.
        boolean isSplit = Float.isFinite(scale) && scale >= Float.MIN_NORMAL;
        float inverse = isSplit ? 1 / scale : 0;
        for (int j = 0; j < k; j++) {
            float x = row[j] * inverse;
            float h = (x * (1 / STEP) + ROUNDING) - ROUNDING;
            high[j] = h;
            low[j] = x - h * STEP;
        }
        return isSplit ? scale : Float.isFinite(scale) ? 0 : Float.NaN;
    }

    /** The bits of the largest magnitude. Those of an infinity are larger than those of all numbers, those of NaN larger still. */
    private static int largestMagnitude(float[] x, int n) {
        int max0 = 0;
        int max1 = 0;
        int max2 = 0;
        int max3 = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            max0 = Math.max(max0, Float.floatToRawIntBits(x[i]) & Integer.MAX_VALUE);
            max1 = Math.max(max1, Float.floatToRawIntBits(x[i + 1]) & Integer.MAX_VALUE);
            max2 = Math.max(max2, Float.floatToRawIntBits(x[i + 2]) & Integer.MAX_VALUE);
            max3 = Math.max(max3, Float.floatToRawIntBits(x[i + 3]) & Integer.MAX_VALUE);
        }
        for (; i < n; i++) {
            max0 = Math.max(max0, Float.floatToRawIntBits(x[i]) & Integer.MAX_VALUE);
        }
        return Math.max(Math.max(max0, max1), Math.max(max2, max3));
    }

    /**
     * Joins the results of both parts of each row, or adds them.
     *
     * @param results two rows of m numbers for each row
     * @param y gets the rows
     * @param position the place of the first one
     * @param rowStride the distance of the rows in y
     */
    void join(
            Memory results,
            int count,
            int m,
            float[] scales,
            ArrayMemory y,
            int position,
            int rowStride,
            boolean adds) {
        reserve(m);
        for (int i = 0; i < count; i++) {
            results.get(2 * i * m, high, m);
            results.get((2 * i + 1) * m, low, m);
            int place = Math.addExact(position, Math.multiplyExact(i, rowStride));
            float scale = scales[i];
            if (adds) {
                y.get(place, row, 0, m);
                for (int j = 0; j < m; j++) {
                    row[j] += (high[j] * STEP + low[j]) * scale;
                }
            } else {
                for (int j = 0; j < m; j++) {
                    row[j] = (high[j] * STEP + low[j]) * scale;
                }
            }
            y.put(place, row, 0, m);
        }
    }
}
