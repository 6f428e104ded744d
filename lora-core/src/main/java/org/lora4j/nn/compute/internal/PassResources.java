package org.lora4j.nn.compute.internal;

import org.lora4j.nn.attention.internal.HeadProducts;
import org.lora4j.nn.batch.internal.Buffers;
import org.lora4j.nn.batch.internal.Scratch;
import org.nd4j.linalg.api.buffer.DataType;

/**
 * What the layers of one {@link Pass} share.
 *
 * @param dataType the type of all arrays
 * @param order the memory order of activations: 'f' for few rows of examples, 'c' for many rows of tokens
 * @param isTraining whether gradients are computed
 * @param scratch arrays for gradients between layers
 * @param buffers creates the buffers of layers
 * @param headProducts the products of the heads of attentions
 * @param keepsInputs whether the input of a layer stays as it is from its gradients to the next forward
 */
record PassResources(
        DataType dataType,
        char order,
        boolean isTraining,
        Scratch scratch,
        Buffers buffers,
        HeadProducts.Shared headProducts,
        boolean keepsInputs) {
    static PassResources of(DataType dataType, char order, boolean isTraining) {
        return new PassResources(
                dataType,
                order,
                isTraining,
                new Scratch(dataType, order),
                new Buffers(dataType, order),
                new HeadProducts.Shared(dataType),
                true);
    }

    /** The same for a layer that computes one block of rows after the other. */
    PassResources inBlocks() {
        return new PassResources(dataType, order, isTraining, scratch, buffers, headProducts, false);
    }

    /** The same for layers that are computed again together. */
    PassResources recomputed(Buffers shared) {
        return new PassResources(dataType, order, isTraining, scratch, shared, headProducts, false);
    }
}
