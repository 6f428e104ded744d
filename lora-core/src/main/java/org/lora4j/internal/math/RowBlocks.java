package org.lora4j.internal.math;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Returns blocks of rows of matrices as views. It keeps them, so that each view is created only once in a steady state. */
public final class RowBlocks {
    /** Each batch size has a few buffers. If there are more matrices than this, all views are removed. */
    private static final int REMEMBERED_MATRICES = 16;

    /** If a matrix has more blocks than this, its views are removed. */
    private static final int REMEMBERED_BLOCKS = 4096;

    private final IdentityHashMap<INDArray, Map<Long, INDArray>> views = new IdentityHashMap<>();

    /**
     * Returns the greatest size of a block that starts at {@code from} and ends at or before {@code to}, where the size is a
     * power of two that divides {@code from}. A matrix of n rows has fewer than 2n such blocks.
     */
    public static int size(int from, int to) {
        int longest = Integer.highestOneBit(to - from);
        return from == 0 ? longest : Math.min(longest, Integer.lowestOneBit(from));
    }

    /** Returns the rows {@code [from, from + size)} of a matrix that is not a view itself. */
    public INDArray of(INDArray matrix, int from, int size) {
        Map<Long, INDArray> known = views.get(matrix);
        if (known == null) {
            if (views.size() == REMEMBERED_MATRICES) {
                views.clear();
            }
            known = new HashMap<>();
            views.put(matrix, known);
        }
        if (known.size() == REMEMBERED_BLOCKS) {
            known.clear();
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
