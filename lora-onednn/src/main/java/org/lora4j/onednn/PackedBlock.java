package org.lora4j.onednn;

import static org.bytedeco.dnnl.global.dnnl.dnnl_f32;
import static org.bytedeco.dnnl.global.dnnl.dnnl_memory_desc_get_size;
import static org.bytedeco.dnnl.global.dnnl.dnnl_s8;

import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Optional;
import org.bytedeco.dnnl.dnnl_memory;
import org.bytedeco.dnnl.dnnl_memory_desc;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.FloatPointer;
import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Some columns {@code [k, m]} of a packed weight, in oneDNN's own format. */
final class PackedBlock {
    /** The largest number of rows for which each has its own code. */
    static final long EXACT_ROWS = 256;

    /** Larger numbers are divided into a multiple of this and a rest, so that there are fewer of them. */
    static final long STEP_OF_ROWS = 64;

    private final Matmuls matmuls;
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
    private final boolean addsBias;

    /** The scale of each column of the result; without elements if there are none. */
    private final float[] factors;

    /** Null if the format cannot be read. */
    private final @Nullable BlockOffsets places;

    /** The places of the rows. */
    private final int[] rows;

    private PackedBlock(
            Matmuls matmuls,
            Kind kind,
            INDArray columns,
            float[] factors,
            boolean scalesInput,
            dnnl_memory_desc format,
            NativeObjects objects) {
        objects.closeWith(this);
        this.matmuls = matmuls;
        this.kind = kind;
        this.format = format;
        MatrixLayout plain = MatrixLayout.of(columns);
        k = plain.rows();
        m = plain.columns();
        data = new Memory(dnnl_memory_desc_get_size(format));
        addsBias = Matmul.addsBias(kind, k, m, format);
        this.factors = scalesInput ? new float[0] : factors;
        places = data.isReadable() && !scalesInput ? BlockOffsets.of(format) : null;
        rows = rows(places, k);
        memory = Dnnl.memory(objects, format, data.start());
        if (kind.isScaled()) {
            // oneDNN always scales the results.
            scaleData = copy(scalesInput ? ones(m) : factors);
            scales = Dnnl.memory(objects, Dnnl.vector(objects, m, dnnl_f32), scaleData.start());
        } else {
            scaleData = null;
            scales = null;
        }
        if (scalesInput) {
            inputScaleData = copy(factors);
            inputScales = Dnnl.memory(objects, Dnnl.vector(objects, k, dnnl_f32), inputScaleData.start());
        } else {
            inputScaleData = null;
            inputScales = null;
        }
        pack(columns, plain, scalesInput ? inputScales : scales, scalesInput ? 0 : 1);
    }

    /** Divides each row (dimension 0) or column (1) by its scale, or nothing if there are none, and packs. */
    private void pack(INDArray columns, MatrixLayout plain, @Nullable dnnl_memory divisors, int dimension) {
        Memory rounded = null;
        try (NativeObjects used = new NativeObjects()) {
            dnnl_stream stream = Dnnl.stream(used);
            dnnl_memory_desc fromFormat = Dnnl.strided(used, plain, dnnl_f32);
            dnnl_memory from = Dnnl.memory(used, fromFormat, new Memory.Address().set(columns));
            if (!kind.roundsInputs()) {
                Reorder.pack(used, fromFormat, from, format, memory, divisors, dimension)
                        .run(stream);
                return;
            }
            // This form has the sums of the columns too, which oneDNN does not compute when it rounds.
            rounded = new Memory(k * m);
            dnnl_memory_desc roundedFormat = Dnnl.strided(used, MatrixLayout.dense(k, m), dnnl_s8);
            dnnl_memory bytes = Dnnl.memory(used, roundedFormat, rounded.start());
            Reorder.pack(used, fromFormat, from, roundedFormat, bytes, divisors, dimension)
                    .run(stream);
            Reorder.copy(used, roundedFormat, bytes, format, memory, false).run(stream);
        } finally {
            if (rounded != null) {
                rounded.release();
            }
            Reference.reachabilityFence(columns);
        }
    }

    private static int[] rows(@Nullable BlockOffsets places, long count) {
        int[] rows = new int[places == null ? 0 : (int) count];
        for (int i = 0; places != null && i < rows.length; i++) {
            rows[i] = (int) places.row(i);
        }
        return rows;
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

    /**
     * Packs a matrix; empty if there is no fast code for its sizes, or the weight that it is a part of is too small.
     *
     * @param factors the scales of the columns, or of the rows if the input is scaled; not used by kinds without scales
     * @param scalesInput whether each column of the input is multiplied with a scale instead of each column of the result
     */
    static Optional<PackedBlock> of(
            Matmuls matmuls, Kind kind, INDArray columns, float[] factors, boolean scalesInput, long elementsOfWeight) {
        NativeObjects objects = new NativeObjects();
        Matmul.Packing packing = Matmul.packing(objects, kind, columns.size(0), columns.size(1));
        if (packing == null || !matmuls.packs(packing, columns.length(), elementsOfWeight, kind)) {
            objects.close();
            return Optional.empty();
        }
        return Optional.of(new PackedBlock(matmuls, kind, columns, factors, scalesInput, packing.format(), objects));
    }

    /** The code for a number of rows, whose results are so many elements apart. */
    Matmul matmul(long n, long rowStride, boolean withBias) {
        return matmuls.get(new Matmuls.Key(kind, n, k, m, rowStride, withBias), key -> new Matmul(key, format));
    }

    /** Whether a product can add a bias to each row of its result. */
    boolean addsBias() {
        return addsBias;
    }

    /** Copies a column as it is multiplied with. Returns false if the format cannot be read. */
    boolean readColumn(long column, float[] target) {
        if (places == null) {
            return false;
        }
        data.read(kind.weightType(), (int) places.column(column), rows, target);
        if (kind.isScaled()) {
            float factor = factors[(int) column];
            for (int i = 0; i < rows.length; i++) {
                target[i] *= factor;
            }
        }
        return true;
    }

    long columns() {
        return m;
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

    /** Whether a product multiplies the columns of its input with {@link #inputScales}. */
    boolean scalesInput() {
        return inputScales != null && !kind.roundsInputs();
    }

    /** A factor for each column of the input, or null for none. */
    @Nullable
    dnnl_memory inputScales() {
        return inputScales;
    }

    long bytes() {
        return data.bytes() + bytes(scaleData) + bytes(inputScaleData);
    }

    private static long bytes(@Nullable Memory memory) {
        return memory == null ? 0 : memory.bytes();
    }
}
