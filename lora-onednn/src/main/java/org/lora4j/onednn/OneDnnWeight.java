package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.javacpp.FloatPointer;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.Int8Scale;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.ProductEngine.Direction;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A weight {@code [k, m]} in oneDNN's own format: {@code Wᵀ} for the forward direction, else {@code W}. */
final class OneDnnWeight implements PackedWeight {
    /** The largest number of rows for which each has its own code. */
    static final long EXACT_ROWS = 256;

    /** Larger numbers are divided into a multiple of this and a rest, so that there are fewer of them. */
    static final long STEP_OF_ROWS = 64;

    private final OneDnnEngine engine;
    private final Kind kind;
    private final long k;
    private final long m;
    private final dnnl_memory_desc format;
    private final Memory data;
    private final dnnl_memory memory;
    private final @Nullable Memory scaleData;
    private final @Nullable dnnl_memory scales;
    private final @Nullable Memory inputScaleData;
    private final @Nullable dnnl_memory inputScales;

    private OneDnnWeight(
            OneDnnEngine engine,
            Kind kind,
            INDArray weight,
            Direction direction,
            dnnl_memory_desc format,
            NativeObjects objects) {
        objects.closeWith(this);
        this.engine = engine;
        this.kind = kind;
        this.format = format;
        boolean isForward = direction == Direction.FORWARD;
        Layout plain = isForward ? transposed(Layout.of(weight)) : Layout.of(weight);
        k = plain.rows();
        m = plain.columns();
        data = new Memory(dnnl_memory_desc_get_size(format));
        memory = Dnnl.memory(objects, format, data.start());
        dnnl_memory rowScales = null;
        if (kind.isScaled()) {
            float[] rows = scales(weight);
            // A row of W is a column of the result, or one of the input.
            scaleData = copy(isForward ? rows : ones(m));
            scales = Dnnl.memory(objects, Dnnl.vector(objects, m, dnnl_f32), scaleData.start());
            inputScaleData = isForward ? null : copy(rows);
            inputScales = inputScaleData == null
                    ? null
                    : Dnnl.memory(objects, Dnnl.vector(objects, k, dnnl_f32), inputScaleData.start());
            rowScales = isForward ? scales : inputScales;
        } else {
            scaleData = null;
            scales = null;
            inputScaleData = null;
            inputScales = null;
        }
        try (NativeObjects used = new NativeObjects()) {
            dnnl_memory_desc fromFormat = Dnnl.strided(used, plain, dnnl_f32);
            dnnl_memory from = Dnnl.memory(used, fromFormat, new Memory.Address().set(weight));
            Reorder.pack(used, fromFormat, from, format, memory, rowScales, isForward ? 1 : 0)
                    .run(Dnnl.stream(used));
        } finally {
            Reference.reachabilityFence(weight);
        }
    }

    private static Layout transposed(Layout layout) {
        return new Layout(layout.columns(), layout.rows(), layout.columnStride(), layout.rowStride());
    }

    /** The scale of each row. Both directions have the same, so both multiply with the same weights. */
    private static float[] scales(INDArray weight) {
        float[] largest = weight.amax(1).toFloatVector();
        for (int j = 0; j < largest.length; j++) {
            // amax returns a single element as it is, with its sign.
            largest[j] = Int8Scale.of(Math.abs(largest[j]));
        }
        return largest;
    }

    private static float[] ones(long count) {
        float[] ones = new float[(int) count];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static Memory copy(float[] values) {
        Memory memory = new Memory((long) Float.BYTES * values.length);
        new FloatPointer(memory.start()).put(values, 0, values.length);
        return memory;
    }

    /** Packs a weight; empty if there is no fast code for its sizes. */
    static Optional<PackedWeight> of(OneDnnEngine engine, Kind kind, INDArray weight, Direction direction) {
        boolean isForward = direction == Direction.FORWARD;
        NativeObjects objects = new NativeObjects();
        Matmul.Packing packing =
                Matmul.packing(objects, kind, weight.size(isForward ? 1 : 0), weight.size(isForward ? 0 : 1));
        if (packing == null || !engine.packs(packing, weight.length(), kind)) {
            objects.close();
            return Optional.empty();
        }
        return Optional.of(new OneDnnWeight(engine, kind, weight, direction, packing.format(), objects));
    }

    @Override
    public void multiply(INDArray x, INDArray y, boolean adds) {
        require("x", x, k);
        require("y", y, m);
        if (x.size(0) != y.size(0)) {
            throw new IllegalArgumentException("y: must have the " + x.size(0) + " rows of x, found " + y.size(0));
        }
        Layout layout = Layout.of(x);
        if (layout.overlaps()) {
            multiply(x.dup('c'), y, adds);
            return;
        }
        try {
            engine.multiply(this, x, layout, y, Layout.of(y), adds);
        } finally {
            // A native address does not keep its memory alive.
            Reference.reachabilityFence(x);
            Reference.reachabilityFence(y);
            Reference.reachabilityFence(this);
        }
    }

    private static void require(String name, INDArray matrix, long columns) {
        if (matrix.dataType() != DataType.FLOAT || matrix.rank() != 2 || matrix.size(1) != columns) {
            throw new IllegalArgumentException(name + ": must be FLOAT [n, " + columns + "], found " + matrix.dataType()
                    + " " + Arrays.toString(matrix.shape()));
        }
    }

    /** The code for a number of rows. */
    Matmul matmul(long n, int threads) {
        return engine.matmuls().get(new Matmuls.Key(kind, n, k, m, threads), key -> new Matmul(kind, n, k, m, format));
    }

    Kind kind() {
        return kind;
    }

    dnnl_memory memory() {
        return memory;
    }

    @Nullable
    dnnl_memory scales() {
        return scales;
    }

    /** A factor for each column of the input, or null for none. */
    @Nullable
    dnnl_memory inputScales() {
        return inputScales;
    }

    @Override
    public long bytes() {
        return data.bytes() + bytes(scaleData) + bytes(inputScaleData);
    }

    private static long bytes(@Nullable Memory memory) {
        return memory == null ? 0 : memory.bytes();
    }
}
