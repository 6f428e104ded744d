package org.lora4j.nn.weight.internal;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.threads.SpareProcessors;
import org.lora4j.linalg.PackedWeight;
import org.lora4j.linalg.ProductEngine;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What one place in a pass keeps for its products with weights: native contexts and views, which belong to one thread at a time.
 * It fits any weight, so a place that switches between weights creates no contexts. Large products are divided among the
 * processors that neither BLAS nor an engine uses.
 */
public final class ProductContext {
    /** The fewest multiplications for which another thread saves time. */
    private static final long LEAST_MULTIPLICATIONS = 8_000_000;

    /** Each part of a product by an engine reads the whole weight, which must not take longer than the multiplications. */
    private static final int LEAST_ROWS = 16;

    /** Each batch size has its own output. If there are more arrays than this, all views are removed. */
    private static final int REMEMBERED = 16;

    private final List<Gemm> products = new ArrayList<>();
    private final IdentityHashMap<INDArray, INDArray[]> blocks = new IdentityHashMap<>();
    private final Gemm transposedProduct = new Gemm(false, false, 1, 0);
    private final Gemm addTransposedProduct = new Gemm(false, false, 1, 1);
    private final RowBlocks inputRows = new RowBlocks();
    private final RowBlocks resultRows = new RowBlocks();

    /** Creates a context. */
    public ProductContext() {}

    /** Drops what it keeps of a weight that is not used any more. */
    public void forget() {
        blocks.clear();
    }

    /**
     * Computes {@code y = x·Wᵀ}. Each processor computes some columns of y. For these it needs only some rows of W, so each row
     * of W is read and packed once, as by BLAS with several threads.
     *
     * @param x the input {@code [n, in]}
     * @param weight {@code W [out, in]}
     * @param y the result {@code [n, out]}
     */
    void multiply(INDArray x, INDArray weight, INDArray y) {
        int parts = 1;
        if (weight.ordering() == 'c' && isWhole(weight) && isWhole(y)) {
            parts = (int)
                    Math.min(weight.size(0), SpareProcessors.parts(weight.length() * x.size(0), LEAST_MULTIPLICATIONS));
        }
        while (products.size() < parts) {
            products.add(new Gemm(false, true, 1, 0));
        }
        if (parts == 1) {
            products.get(0).run(x, weight, y);
            return;
        }
        INDArray[] weights = blocks(weight, 0, parts);
        INDArray[] results = blocks(y, 1, parts);
        SpareProcessors.runParts(parts, i -> products.get(i).run(x, weights[i], results[i]));
    }

    /** Whether a matrix is contiguous and starts at the start of its memory. */
    private static boolean isWhole(INDArray matrix) {
        return matrix.offset() == 0 && matrix.elementWiseStride() == 1;
    }

    /** Divides a matrix along a dimension. */
    private INDArray[] blocks(INDArray matrix, int dimension, int parts) {
        INDArray[] known = blocks.get(matrix);
        if (known != null && known.length == parts) {
            return known;
        }
        if (blocks.size() >= REMEMBERED) {
            blocks.clear();
        }
        int count = Math.toIntExact(matrix.size(dimension));
        INDArray[] views = new INDArray[parts];
        for (int i = 0; i < parts; i++) {
            int from = SpareProcessors.start(count, i, parts);
            long[] shape = matrix.shape().clone();
            shape[dimension] = SpareProcessors.start(count, i + 1, parts) - (long) from;
            views[i] = Nd4j.create(
                    matrix.data(), shape, matrix.stride(), (long) from * matrix.stride(dimension), matrix.ordering());
        }
        blocks.put(matrix, views);
        return views;
    }

    /** Computes {@code dx = g·W}, or adds it. */
    void multiplyTransposed(INDArray g, INDArray weight, INDArray dx, boolean adds) {
        (adds ? addTransposedProduct : transposedProduct).run(g, weight, dx);
    }

    /**
     * Computes {@code y = x·Wᵀ} by an engine, or {@code y = x·Wᵀ + b} if there is a bias, which the weight must be able to add. An
     * engine of several threads divides a product by itself; if it has one thread, each processor computes some rows of y.
     */
    void multiply(ProductEngine engine, PackedWeight packed, INDArray x, @Nullable INDArray bias, INDArray y) {
        int n = Math.toIntExact(x.size(0));
        int parts = 1;
        if (engine.threads() == 1 && n >= 2 * LEAST_ROWS && x.offset() == 0 && y.offset() == 0) {
            parts = Math.min(n / LEAST_ROWS, SpareProcessors.parts(y.size(1) * x.size(1) * n, LEAST_MULTIPLICATIONS));
        }
        if (parts == 1) {
            multiply(packed, x, bias, y);
            return;
        }
        INDArray[] inputs = rows(inputRows, x, parts);
        INDArray[] results = rows(resultRows, y, parts);
        SpareProcessors.runParts(parts, i -> multiply(packed, inputs[i], bias, results[i]));
    }

    private static void multiply(PackedWeight packed, INDArray x, @Nullable INDArray bias, INDArray y) {
        if (bias == null) {
            packed.multiply(x, y, false);
        } else {
            packed.multiply(x, bias, y);
        }
    }

    private static INDArray[] rows(RowBlocks views, INDArray matrix, int parts) {
        int n = Math.toIntExact(matrix.size(0));
        INDArray[] blocks = new INDArray[parts];
        for (int i = 0; i < parts; i++) {
            int from = SpareProcessors.start(n, i, parts);
            blocks[i] = views.of(matrix, from, SpareProcessors.start(n, i + 1, parts) - from);
        }
        return blocks;
    }
}
