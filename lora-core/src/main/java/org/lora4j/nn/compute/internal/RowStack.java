package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.math.HeapColumns;
import org.lora4j.internal.math.RowBlocks;
import org.lora4j.internal.memory.BatchBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Matrices of one width, copied one below the other into one matrix, or back from it. */
final class RowStack {
    private final BatchBuffer memory;

    /** Whether rows are contiguous, so that they are copied as such, or columns. */
    private final boolean byRows;

    private final RowBlocks blocks = new RowBlocks();
    private final List<HeapColumns> parts = new ArrayList<>();
    private final List<HeapColumns> places = new ArrayList<>();

    /**
     * Creates an empty stack.
     *
     * @param order the memory order, 'c' if rows are contiguous
     */
    RowStack(DataType dataType, long width, char order) {
        memory = new BatchBuffer(dataType, width, order);
        byRows = order == 'c';
    }

    /** Returns a stack of some height, with undefined content unless the last call had the same height. */
    INDArray rows(long height) {
        return memory.rows(height);
    }

    /** Copies matrices into a stack that has as many rows as all of them. */
    void put(List<INDArray> matrices, INDArray stacked) {
        bind(matrices, stacked);
        for (int i = 0; i < matrices.size(); i++) {
            copy(parts.get(i), places.get(i));
        }
    }

    /** Copies the rows of a stack to matrices that have as many rows together. */
    void take(INDArray stacked, List<INDArray> matrices) {
        bind(matrices, stacked);
        for (int i = 0; i < matrices.size(); i++) {
            copy(places.get(i), parts.get(i));
        }
    }

    private void bind(List<INDArray> matrices, INDArray stacked) {
        while (parts.size() < matrices.size()) {
            parts.add(new HeapColumns());
            places.add(new HeapColumns());
        }
        int top = 0;
        for (int i = 0; i < matrices.size(); i++) {
            INDArray matrix = matrices.get(i);
            int height = Math.toIntExact(matrix.size(0));
            parts.get(i).bind(matrix, byRows);
            places.get(i).bind(blocks.of(stacked, top, height), byRows);
            top += height;
        }
    }

    private static void copy(HeapColumns source, HeapColumns target) {
        int perBlock = HeapColumns.perBlock(source.rows());
        double[] values = source.values(source.rows());
        for (int from = 0; from < source.columns(); from += perBlock) {
            int count = Math.min(perBlock, source.columns() - from);
            source.read(from, count, values);
            target.write(from, count, values);
        }
    }
}
