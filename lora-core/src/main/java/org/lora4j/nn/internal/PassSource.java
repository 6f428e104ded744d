package org.lora4j.nn.internal;

/** A model of this library: it creates the passes that compute it. */
public interface PassSource {
    /**
     * Creates a pass for training. A pass belongs to one thread at a time.
     *
     * @return a new pass, which gives gradients of the parameters that are trainable now
     * @throws IllegalStateException if there is nothing to train, or the model does not say unmistakably what to train
     */
    Pass newTrainingPass();

    /**
     * Creates a pass for predictions. A pass belongs to one thread at a time.
     *
     * @return a new pass
     */
    Pass newInferencePass();
}
