package org.lora4j.internal;

import org.jspecify.annotations.Nullable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Copies a matrix to another one of the same shape and type, in any memory orders. Small matrices are copied over the heap,
 * without a native call and without threads. Not thread-safe: each pass has its own instance.
 */
public final class MatrixCopy {
    private @Nullable INDArray boundSource;
    private @Nullable INDArray boundTarget;
    private @Nullable MatrixMemory source;
    private @Nullable MatrixMemory target;
    private @Nullable Lines lines;

    /** Creates an instance that is not bound to matrices. */
    public MatrixCopy() {}

    /**
     * Copies the elements.
     *
     * @param from the source
     * @param to the target
     * @return the target
     */
    public INDArray run(INDArray from, INDArray to) {
        if (from.length() > Lines.MAX_ELEMENTS) {
            return to.assign(from);
        }
        MatrixMemory output = target;
        if (output == null || to != boundTarget) {
            output = MatrixMemory.of(to);
            target = output;
            boundTarget = to;
        }
        copy(from, output);
        return to;
    }

    /**
     * Copies the elements to a new matrix, which this object does not remember.
     *
     * @param from the source
     * @return a new array in 'c' order
     */
    public INDArray duplicate(INDArray from) {
        if (from.length() > Lines.MAX_ELEMENTS) {
            return from.dup('c');
        }
        INDArray copy = Nd4j.createUninitialized(from.dataType(), from.shape(), 'c');
        copy(from, MatrixMemory.of(copy));
        return copy;
    }

    private void copy(INDArray from, MatrixMemory output) {
        MatrixMemory input = source;
        if (input == null || from != boundSource) {
            input = MatrixMemory.of(from);
            source = input;
            boundSource = from;
        }
        if (lines == null) {
            lines = Lines.of(from.dataType());
        }
        boolean byRow = input.rowsAreContiguous();
        lines.read(byRow ? input : input.transpose());
        lines.write(byRow ? output : output.transpose());
    }
}
