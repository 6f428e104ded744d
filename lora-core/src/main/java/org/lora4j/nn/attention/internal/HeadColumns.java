package org.lora4j.nn.attention.internal;

import org.lora4j.internal.memory.ArrayMemory;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Where the heads of queries, keys or values, or their gradients, lie in the rows of a matrix in 'c' order.
 *
 * @param memory the matrix
 * @param width its width
 * @param offset the column of the first head
 * @param size the size of a head
 */
public record HeadColumns(ArrayMemory memory, int width, int offset, int size) {
    public HeadColumns(INDArray matrix, int offset, int size) {
        this(new ArrayMemory(matrix), Math.toIntExact(matrix.size(1)), offset, size);
    }

    /** The position of the first number of a head in a row. */
    public int position(int row, int head) {
        return row * width + offset + head * size;
    }

    /** The heads of the queries, keys and values of all tokens, or of their gradients. */
    public record Inputs(HeadColumns queries, HeadColumns keys, HeadColumns values) {
        /**
         * Which gradients are needed.
         *
         * @param relative those of {@link RelativeInputs}
         */
        public record Wanted(boolean queries, boolean keys, boolean values, boolean relative) {
            /** Whether those of the scores are needed. */
            boolean scores() {
                return queries || keys || relative;
            }
        }

        /** Three matrices of heads side by side. */
        public static Inputs of(INDArray queries, INDArray keys, INDArray values, int size) {
            return new Inputs(
                    new HeadColumns(queries, 0, size),
                    new HeadColumns(keys, 0, size),
                    new HeadColumns(values, 0, size));
        }
    }
}
