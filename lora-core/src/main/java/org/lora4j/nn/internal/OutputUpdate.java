package org.lora4j.nn.internal;

/** Something that adds to the output of a linear layer in predictions. */
public interface OutputUpdate {
    /**
     * Creates the computation for one pass.
     *
     * @param context what the pass provides
     * @return a computation that is bound to this update and owns its products and buffers
     */
    OutputUpdatePass newPass(PassContext context);
}
