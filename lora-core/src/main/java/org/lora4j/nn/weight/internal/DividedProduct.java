package org.lora4j.nn.weight.internal;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import org.lora4j.internal.SpareProcessors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Computes {@code y = x·Wᵀ} with the processors that BLAS does not use. Each computes some columns of y. For these it needs
 * only some rows of W, so each row of W is read and packed once, as by BLAS with several threads.
 *
 * <p>It keeps its views until {@link #forget}. Not thread-safe.
 */
public final class DividedProduct {
    /** The fewest multiplications for which another thread saves time. */
    private static final long LEAST = 8_000_000;

    /** Each batch size has its own output. If there are more arrays than this, all views are removed. */
    private static final int REMEMBERED = 16;

    private final List<Gemm> products = new ArrayList<>();
    private final IdentityHashMap<INDArray, INDArray[]> blocks = new IdentityHashMap<>();

    /** Creates a product. */
    public DividedProduct() {}

    /** Removes the views of all matrices. */
    public void forget() {
        blocks.clear();
    }

    /**
     * Computes {@code y = x·Wᵀ}.
     *
     * @param x the input {@code [n, in]}
     * @param weight {@code W [out, in]}
     * @param y the result {@code [n, out]}
     */
    public void run(INDArray x, INDArray weight, INDArray y) {
        int parts = 1;
        if (weight.ordering() == 'c' && isWhole(weight) && isWhole(y)) {
            parts = (int) Math.min(weight.size(0), SpareProcessors.parts(weight.length() * x.size(0), LEAST));
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
}
