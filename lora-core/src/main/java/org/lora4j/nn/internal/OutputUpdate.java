package org.lora4j.nn.internal;

/** Something that adds to the output of a layer: of a linear layer, or of an embedding. */
public interface OutputUpdate {
    /**
     * Creates the computation for one pass.
     *
     * @param context what the pass provides
     * @return a computation that is bound to this update and owns its products and buffers
     */
    OutputUpdatePass newPass(PassContext context);

    /**
     * Creates the computation for one pass over an embedding.
     *
     * @param context what the pass provides
     * @return a computation that is bound to this update and owns its products and buffers
     * @throws UnsupportedOperationException if the update cannot be one of an embedding
     */
    default TokenUpdatePass newTokenPass(PassContext context) {
        throw new UnsupportedOperationException(this + ": cannot update an embedding");
    }
}
