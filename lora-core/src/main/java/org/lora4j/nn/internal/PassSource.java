package org.lora4j.nn.internal;

import org.lora4j.nn.Model;

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

    /**
     * Returns a model as a source of passes.
     *
     * @param model a model
     * @return the model itself
     * @throws IllegalArgumentException if the model is not one of this library
     */
    static PassSource of(Model model) {
        if (model instanceof PassSource source) {
            return source;
        }
        throw new IllegalArgumentException("the model must be a Network, a LoRAModel or an AdapterView, found "
                + model.getClass().getName());
    }
}
