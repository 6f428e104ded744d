package org.lora4j.internal;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Blocks of rows of matrices, as views. The size of a block is a power of two that divides its first row, so that a
 * matrix of n rows has fewer than 2n blocks: each view is made once, as long as the same matrices come back.
 */
public final class RowBlocks {
    /** Buffers come back, a few for each batch size; when there are more it is time to forget. */
    private static final int REMEMBERED_MATRICES = 16;

    private final IdentityHashMap<INDArray, Map<Long, INDArray>> views = new IdentityHashMap<>();

    /** The greatest size of a block that begins at {@code from} and ends at or before {@code to}. */
    public static int size(int from, int to) {
        int longest = Integer.highestOneBit(to - from);
        return from == 0 ? longest : Math.min(longest, Integer.lowestOneBit(from));
    }

    /** The rows {@code [from, from + size)} of a matrix that is no view itself. */
    public INDArray of(INDArray matrix, int from, int size) {
        Map<Long, INDArray> known = views.get(matrix);
        if (known == null) {
            if (views.size() == REMEMBERED_MATRICES) {
                views.clear();
            }
            known = new HashMap<>();
            views.put(matrix, known);
        }
        return known.computeIfAbsent(
                (long) from << Integer.SIZE | size,
                key -> Nd4j.create(
                        matrix.data(),
                        new long[] {size, matrix.size(1)},
                        new long[] {matrix.stride(0), matrix.stride(1)},
                        (long) from * matrix.stride(0),
                        matrix.ordering()));
    }
}
