package org.lora4j.nn.compute.internal;

import java.util.ArrayList;
import java.util.List;
import org.lora4j.internal.math.HeapColumns;
import org.lora4j.internal.memory.BatchBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Matrices of one width, copied one below the other into one matrix, or back from it. */
final class RowStack {
    private final BatchBuffer memory;

    /** Whether rows are contiguous and copied as such, or columns, in which each matrix has a part. */
    private final boolean byRows;

    private final HeapColumns stack = new HeapColumns();
    private final List<HeapColumns> parts = new ArrayList<>();

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
        if (byRows) {
            int top = 0;
            for (HeapColumns part : parts(matrices)) {
                copy(part, 0, stack, top, part.columns());
                top += part.columns();
            }
            return;
        }
        int height = stack.rows();
        double[] all = stack.values(height);
        int perBlock = HeapColumns.perBlock(height);
        for (int from = 0; from < stack.columns(); from += perBlock) {
            int count = Math.min(perBlock, stack.columns() - from);
            int top = 0;
            for (HeapColumns part : parts(matrices)) {
                int rows = part.rows();
                double[] values = part.values(height);
                part.read(from, count, values);
                for (int j = 0; j < count; j++) {
                    System.arraycopy(values, j * rows, all, j * height + top, rows);
                }
                top += rows;
            }
            stack.write(from, count, all);
        }
    }

    /** Copies the rows of a stack to matrices that have as many rows together. */
    void take(INDArray stacked, List<INDArray> matrices) {
        bind(matrices, stacked);
        if (byRows) {
            int top = 0;
            for (HeapColumns part : parts(matrices)) {
                copy(stack, top, part, 0, part.columns());
                top += part.columns();
            }
            return;
        }
        int height = stack.rows();
        double[] all = stack.values(height);
        int perBlock = HeapColumns.perBlock(height);
        for (int from = 0; from < stack.columns(); from += perBlock) {
            int count = Math.min(perBlock, stack.columns() - from);
            stack.read(from, count, all);
            int top = 0;
            for (HeapColumns part : parts(matrices)) {
                int rows = part.rows();
                double[] values = part.values(height);
                for (int j = 0; j < count; j++) {
                    System.arraycopy(all, j * height + top, values, j * rows, rows);
                }
                part.write(from, count, values);
                top += rows;
            }
        }
    }

    private List<HeapColumns> parts(List<INDArray> matrices) {
        return parts.subList(0, matrices.size());
    }

    private void bind(List<INDArray> matrices, INDArray stacked) {
        stack.bind(stacked, byRows);
        while (parts.size() < matrices.size()) {
            parts.add(new HeapColumns());
        }
        for (int i = 0; i < matrices.size(); i++) {
            parts.get(i).bind(matrices.get(i), byRows);
        }
    }

    private void copy(HeapColumns source, int from, HeapColumns target, int to, int columns) {
        int perBlock = HeapColumns.perBlock(stack.rows());
        double[] values = stack.values(stack.rows());
        for (int done = 0; done < columns; done += perBlock) {
            int count = Math.min(perBlock, columns - done);
            source.read(from + done, count, values);
            target.write(to + done, count, values);
        }
    }
}
