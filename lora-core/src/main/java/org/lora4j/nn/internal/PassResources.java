package org.lora4j.nn.internal;

import org.jspecify.annotations.Nullable;
import org.lora4j.internal.ArrayBits;
import org.lora4j.internal.RowBlocks;
import org.lora4j.nn.input.Sequences;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What the layers of one {@link Pass} share.
 *
 * @param dataType the type of all arrays
 * @param order the memory order of activations: 'f' for few rows of examples, 'c' for many rows of tokens
 * @param isTraining whether gradients are computed
 * @param batch the batch that is computed now
 * @param scratch arrays for gradients between layers
 * @param perToken whether a row is a token, not an example
 * @param buffers creates the buffers of layers
 * @param headProducts the products of the heads of attentions
 * @param recomputation what layers share that are computed again for their gradients; null if none are
 * @param keepsInputs whether the input of a layer stays as it is from its gradients to the next forward
 */
record PassResources(
        DataType dataType,
        char order,
        boolean isTraining,
        CurrentBatch batch,
        Scratch scratch,
        boolean perToken,
        Buffers buffers,
        HeadProducts.Shared headProducts,
        @Nullable Recomputation recomputation,
        boolean keepsInputs) {
    static PassResources of(DataType dataType, char order, boolean isTraining, boolean perToken, boolean recomputes) {
        return new PassResources(
                dataType,
                order,
                isTraining,
                new CurrentBatch(),
                new Scratch(dataType, order),
                perToken,
                new Buffers(dataType, order),
                new HeadProducts.Shared(dataType),
                recomputes ? new Recomputation(dataType, order) : null,
                true);
    }

    /** The same for the layers after a pooling, whose rows are sequences. */
    PassResources pooled() {
        return new PassResources(
                dataType, order, isTraining, batch, scratch, false, buffers, headProducts, recomputation, keepsInputs);
    }

    /** The same for a layer that computes one block of rows after the other, each as a batch of its own. */
    PassResources inBlocks() {
        return new PassResources(
                dataType,
                order,
                isTraining,
                new CurrentBatch(),
                scratch,
                perToken,
                buffers,
                headProducts,
                recomputation,
                false);
    }

    /** The same for layers that are computed again together. */
    PassResources recomputed(Buffers shared) {
        return new PassResources(
                dataType, order, isTraining, batch, scratch, perToken, shared, headProducts, null, false);
    }

    Segments segments() {
        return batch.get();
    }

    Sequences sequences() {
        return segments().sequences();
    }

    /** The first row of a segment; the number of segments stands for the end. */
    int start(int segment) {
        return segments().start(segment, perToken);
    }

    /** The rows of a segment in a matrix of all rows. In 'f' order they are not contiguous. */
    INDArray block(RowBlocks blocks, INDArray matrix, int segment) {
        if (segments().count() == 1) {
            return matrix;
        }
        int from = start(segment);
        return blocks.of(matrix, from, start(segment + 1) - from);
    }

    /** Whether the rows of a segment hold neither NaN nor an infinity. */
    boolean isFinite(INDArray matrix, int segment) {
        return ArrayBits.isFinite(block(new RowBlocks(), matrix, segment));
    }

    /** The number of a row of a segment in its batch, or in the larger batch that this one is a part of. */
    long rowNumber(PassStep step, int row) {
        return (perToken ? step.tokensBefore() : step.examplesBefore()) + batch.rowNumber(row);
    }
}
