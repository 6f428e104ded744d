package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_set_data_handle;
import static org.bytedeco.dnnl.global.dnnl.dnnl_s8;

import java.lang.ref.Cleaner;
import java.util.Map;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.internal.memory.Recent;

/** Rounds rows to integers, and joins the results of their parts, see {@link RoundedProduct}. Belongs to a {@link Workspace}. */
final class RoundedRows {
    /** What h counts in l. */
    private static final float STEP = 256;

    /** The largest number of 8 bits. */
    private static final float LARGEST = 127;

    /** A float of less than 2²² is rounded to an integer when this is added and subtracted. */
    private static final float ROUNDING = 3 << 22;

    /** A text of another length needs up to five of them. */
    private static final int KEPT = 512;

    private final Workspace workspace;
    private float[] row = new float[0];
    private float[] high = new float[0];
    private float[] low = new float[0];
    private final Map<Conversion.Key, Conversion> conversions = new Recent<>(KEPT, Conversion::close);

    RoundedRows(Workspace workspace) {
        this.workspace = workspace;
    }

    /**
     * The rows {@code [from, to)} of a block.
     *
     * @param address the address of x
     * @param first the first row of the block in x
     * @param rowsOfBlock how many rows the block has
     */
    record Rows(ArrayMemory x, long address, int first, int from, int to, int rowsOfBlock) {
        int count() {
            return to - from;
        }

        long addressOfFirst(int k) {
            return address + Float.BYTES * Math.multiplyExact((long) first + from, k);
        }
    }

    /** Copies a matrix of floats. */
    private static final class Conversion {
        private final dnnl_memory from;
        private final dnnl_memory to;
        private final dnnl_memory scales;
        private final Reorder reorder;
        private final Cleaner.Cleanable cleanable;

        private enum Step {
            /** Converts integers to bytes. */
            TO_BYTES,
            /** Divides each row by its scale, and rounds it to bytes. */
            ROUND,
            /** Multiplies each row by its scale. */
            SCALE,
            /** Multiplies each row by its scale, and adds it. */
            ADD
        }

        private record Key(MatrixLayout from, MatrixLayout to, Step step) {}

        Conversion(Key key) {
            NativeObjects objects = new NativeObjects();
            cleanable = objects.closeWith(this);
            boolean isToBytes = key.step() == Step.TO_BYTES || key.step() == Step.ROUND;
            dnnl_memory_desc fromFormat = Dnnl.strided(objects, key.from(), dnnl_f32);
            dnnl_memory_desc toFormat = Dnnl.strided(objects, key.to(), isToBytes ? dnnl_s8 : dnnl_f32);
            from = Dnnl.memory(objects, fromFormat, null);
            to = Dnnl.memory(objects, toFormat, null);
            scales = Dnnl.memory(objects, Dnnl.vector(objects, key.from().rows(), dnnl_f32), null);
            reorder = switch (key.step()) {
                case TO_BYTES -> Reorder.copy(objects, fromFormat, from, toFormat, to, false);
                case ROUND -> Reorder.pack(objects, fromFormat, from, toFormat, to, scales, 0);
                case SCALE -> Reorder.scaleRows(objects, fromFormat, from, toFormat, to, scales, false);
                case ADD -> Reorder.scaleRows(objects, fromFormat, from, toFormat, to, scales, true);
            };
        }

        void run(Workspace workspace, long fromAddress, long toAddress, long scalesAddress) {
            Dnnl.check(dnnl_memory_set_data_handle(from, workspace.address(fromAddress)));
            Dnnl.check(dnnl_memory_set_data_handle(to, workspace.address(toAddress)));
            Dnnl.check(dnnl_memory_set_data_handle(scales, workspace.address(scalesAddress)));
            reorder.run(workspace.stream());
        }

        void close() {
            cleanable.clean();
        }
    }

    private void convert(
            MatrixLayout from,
            long fromAddress,
            MatrixLayout to,
            long toAddress,
            Conversion.Step step,
            long scalesAddress) {
        conversions
                .computeIfAbsent(new Conversion.Key(from, to, step), Conversion::new)
                .run(workspace, fromAddress, toAddress, scalesAddress);
    }

    /**
     * Rounds rows to 8 bits.
     *
     * @param k the length of a row
     * @param factors what the columns are multiplied with before; without elements for nothing
     * @param integers gets each row of the block
     * @param scales gets the scale of each row of the block
     */
    void round(Rows rows, int k, float[] factors, Memory integers, Memory scales) {
        reserve(k);
        Memory multiplied = factors.length > 0 ? workspace.inputs((long) rows.count() * k * Float.BYTES) : null;
        for (int i = rows.from(); i < rows.to(); i++) {
            read(rows, i, k, factors);
            if (multiplied != null) {
                multiplied.put((i - rows.from()) * k, row, k);
            }
            scales.put(i, scale(k, LARGEST));
        }
        MatrixLayout layout = MatrixLayout.dense(rows.count(), k);
        long first = rows.from();
        convert(
                layout,
                multiplied == null ? rows.addressOfFirst(k) : multiplied.address(),
                layout,
                integers.address() + first * k,
                Conversion.Step.ROUND,
                scales.address() + first * Float.BYTES);
    }

    /**
     * Rounds rows to 16 bits.
     *
     * @param k the length of a row
     * @param factors what the columns are multiplied with before; without elements for nothing
     * @param integers gets h and l of each row of the block, one after the other
     * @param scales gets the scale of h of each row of the block, then those of l
     */
    void split(Rows rows, int k, float[] factors, Memory integers, Memory scales) {
        reserve(k);
        long elements = 2L * rows.count() * k;
        Memory floats = workspace.inputs(elements * Float.BYTES);
        for (int i = rows.from(); i < rows.to(); i++) {
            read(rows, i, k, factors);
            float ofLow = scale(k, LARGEST * STEP + LARGEST);
            splitRow(k, ofLow);
            int position = 2 * (i - rows.from()) * k;
            floats.put(position, high, k);
            floats.put(position + k, low, k);
            scales.put(i, ofLow * STEP);
            scales.put(rows.rowsOfBlock() + i, ofLow);
        }
        MatrixLayout layout = MatrixLayout.dense(1, elements);
        convert(
                layout,
                floats.address(),
                layout,
                integers.address() + 2L * rows.from() * k,
                Conversion.Step.TO_BYTES,
                scales.address());
    }

    private void reserve(int length) {
        if (row.length < length) {
            row = new float[length];
            high = new float[length];
            low = new float[length];
        }
    }

    private void read(Rows rows, int i, int k, float[] factors) {
        rows.x().get(Math.multiplyExact(rows.first() + i, k), row, 0, k);
        if (factors.length > 0) {
            for (int j = 0; j < k; j++) {
                row[j] *= factors[j];
            }
        }
    }

    /**
     * The scale of the row, by which its largest element becomes an integer; NaN if an element is not finite. Rows of numbers near
     * the smallest ones, whose inverse is infinite, have the scale 1, so they become 0.
     */
    private float scale(int k, float integer) {
        float scale = Float.intBitsToFloat(largestMagnitude(row, k)) / integer;
        return !Float.isFinite(scale) ? Float.NaN : scale >= Float.MIN_NORMAL ? scale : 1;
    }

    private void splitRow(int k, float scale) {
        float inverse = 1 / scale;
        for (int j = 0; j < k; j++) {
            float x = row[j] * inverse;
            float h = (x * (1 / STEP) + ROUNDING) - ROUNDING;
            high[j] = h;
            low[j] = x - h * STEP;
        }
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
     * Sets rows to the sums of their parts, each multiplied with its scale, or adds these.
     *
     * @param sums a row for each part of each row
     * @param scales the scales of the first part of each row, then those of the second
     * @param parts 1 or 2
     * @param results the rows of the results
     * @param address the address of the first one
     */
    void join(Memory sums, Memory scales, int parts, MatrixLayout results, long address, boolean adds) {
        long m = results.columns();
        MatrixLayout from =
                parts == 1 ? MatrixLayout.dense(results.rows(), m) : new MatrixLayout(results.rows(), m, parts * m, 1);
        for (int part = 0; part < parts; part++) {
            convert(
                    from,
                    sums.address() + part * m * Float.BYTES,
                    results,
                    address,
                    adds || part > 0 ? Conversion.Step.ADD : Conversion.Step.SCALE,
                    scales.address() + part * results.rows() * Float.BYTES);
        }
    }
}
