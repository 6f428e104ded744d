package org.lora4j.internal;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The elements of a small contiguous array as one row on the heap, in the order of the memory. Not thread-safe. */
final class HeapRow {
    private @Nullable INDArray bound;
    private @Nullable MatrixMemory memory;
    private @Nullable Lines lines;

    /** Copies the elements of an array to the heap. */
    Lines read(INDArray array) {
        MatrixMemory source = bind(array);
        Lines row = lines();
        row.read(source);
        return row;
    }

    /** Copies a row to an array. */
    void write(Lines row, INDArray array) {
        row.write(bind(array));
    }

    private MatrixMemory bind(INDArray array) {
        MatrixMemory known = memory;
        if (known == null || array != bound) {
            known = MatrixMemory.flat(array);
            if (bound == null || bound.dataType() != array.dataType()) {
                lines = Lines.of(array.dataType());
            }
            memory = known;
            bound = array;
        }
        return known;
    }

    private Lines lines() {
        if (lines == null) {
            throw new IllegalStateException("the row must be bound to an array first");
        }
        return lines;
    }
}
