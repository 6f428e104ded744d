package org.lora4j.nn.compute.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.batch.internal.Inputs;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** The output of a batch that is computed in blocks: a new array, or one of the caller. */
final class OutputArray {
    private final long rows;
    private @Nullable INDArray array;

    private OutputArray(long rows, @Nullable INDArray array) {
        this.rows = rows;
        this.array = array;
    }

    /** An output in a new array, which is as wide as the blocks. */
    static OutputArray create(long rows) {
        return new OutputArray(rows, null);
    }

    /**
     * An output in an array of the caller.
     *
     * @throws IllegalArgumentException if it has another shape or type
     */
    static OutputArray of(INDArray array, long rows, long width, DataType type) {
        if (array.rank() != 2 || array.size(0) != rows || array.size(1) != width || array.dataType() != type) {
            throw new IllegalArgumentException("y: must be a matrix [" + rows + ", " + width + "] of " + type
                    + ", as the output is, found " + Inputs.describe(array));
        }
        return new OutputArray(rows, array);
    }

    /** Copies a block. */
    void set(long firstRow, INDArray block) {
        INDArray target = array;
        if (target == null && block.size(0) == rows) {
            array = block.dup('c');
            return;
        }
        if (target == null) {
            target = Nd4j.createUninitializedDetached(block.dataType(), 'c', rows, block.size(1));
            array = target;
        }
        if (ArrayMemory.isInRows(block) && ArrayMemory.isInRows(target) && target.length() <= Integer.MAX_VALUE) {
            int start = Math.toIntExact(firstRow * block.size(1));
            new ArrayMemory(block).copy(0, new ArrayMemory(target), start, Math.toIntExact(block.length()));
        } else {
            target.get(NDArrayIndex.interval(firstRow, firstRow + block.size(0)), NDArrayIndex.all())
                    .assign(block);
        }
    }

    /** The output, after all blocks were copied. */
    INDArray array() {
        if (array == null) {
            throw new IllegalStateException("the output must have at least one block, found none");
        }
        return array;
    }
}
