package org.lora4j.onednn;

import java.util.Map;
import org.bytedeco.dnnl.dnnl_stream;
import org.bytedeco.javacpp.Pointer;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.Recent;

/**
 * What the products of one thread at a time need: buffers, which are as large as the largest product so far needed, and the
 * products of the layouts that were used last. In a steady state it allocates nothing native.
 */
final class Workspace {
    private static final int KEPT = 256;

    private final dnnl_stream stream;
    private final Memory.Address address = new Memory.Address();
    private final RoundedRows roundedRows = new RoundedRows(this);
    private @Nullable Memory inputs;
    private @Nullable Memory results;
    private @Nullable Memory scratchpad;

    /** What a product depends on. */
    private record Key(Kind kind, boolean scalesInput, MatrixLayout x, MatrixLayout y, Product.Addition addition) {}

    private final Map<Key, Product> products = new Recent<>(KEPT, Product::close);

    Workspace() {
        NativeObjects objects = new NativeObjects();
        objects.closeWith(this);
        stream = Dnnl.stream(objects);
    }

    /**
     * Computes {@code y = x·W}, and what is added to it. The caller keeps the matrices reachable.
     *
     * @param biasAddress read if a bias is added
     */
    void multiply(
            PackedBlock weight,
            MatrixLayout x,
            long xAddress,
            MatrixLayout y,
            long yAddress,
            Product.Addition addition,
            long biasAddress) {
        Key key = new Key(weight.kind(), weight.scalesInput(), x, y, addition);
        Product product = products.get(key);
        if (product == null) {
            product = Product.of(this, weight, x, y, addition);
            products.put(key, product);
        }
        product.run(weight, xAddress, yAddress, biasAddress);
    }

    /** Computes as {@link #multiply} does, large numbers of rows in two parts, so that few numbers of rows need code of their own. */
    void multiplyInParts(
            PackedBlock weight,
            MatrixLayout x,
            long xAddress,
            MatrixLayout y,
            long yAddress,
            Product.Addition addition,
            long biasAddress) {
        long rows = x.rows();
        long first = x.isInRows() && y.isInRows() ? firstRows(rows) : rows;
        multiply(weight, x.withRows(first), xAddress, y.withRows(first), yAddress, addition, biasAddress);
        if (first < rows) {
            multiply(
                    weight,
                    x.withRows(rows - first),
                    xAddress + Float.BYTES * first * x.rowStride(),
                    y.withRows(rows - first),
                    yAddress + Float.BYTES * first * y.rowStride(),
                    addition,
                    biasAddress);
        }
    }

    /** How many rows the first part of a product has. The rest is never a single row, whose bits would be others. */
    private static long firstRows(long rows) {
        long rest = rows % PackedBlock.STEP_OF_ROWS;
        if (rows <= PackedBlock.EXACT_ROWS || rest == 0) {
            return rows;
        }
        return rows - rest - (rest == 1 ? PackedBlock.STEP_OF_ROWS : 0);
    }

    dnnl_stream stream() {
        return stream;
    }

    Pointer address(long value) {
        return address.set(value);
    }

    RoundedRows roundedRows() {
        return roundedRows;
    }

    Memory inputs(long bytes) {
        Memory memory = Memory.atLeast(bytes, inputs);
        inputs = memory;
        return memory;
    }

    Memory results(long bytes) {
        Memory memory = Memory.atLeast(bytes, results);
        results = memory;
        return memory;
    }

    Memory scratchpad(long bytes) {
        Memory memory = Memory.atLeast(bytes, scratchpad);
        scratchpad = memory;
        return memory;
    }
}
