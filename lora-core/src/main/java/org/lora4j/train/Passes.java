package org.lora4j.train;

import org.lora4j.nn.Model;
import org.lora4j.nn.internal.Pass;
import org.lora4j.nn.internal.PassSource;

/** Creates the passes that compute a model. */
final class Passes {
    private Passes() {}

    /**
     * Creates a pass for training.
     *
     * @param recomputes whether layers keep only their inputs
     * @throws IllegalArgumentException if the model is not one of this library
     * @throws IllegalStateException if there is nothing to train, or the model does not say unmistakably what to train
     */
    static Pass forTraining(Model model, boolean recomputes) {
        return new Pass(source(model).newTrainingSegment(), recomputes);
    }

    /**
     * Creates a pass for predictions.
     *
     * @throws IllegalArgumentException if the model is not one of this library
     */
    static Pass forPredictions(Model model) {
        return source(model).newInferencePass();
    }

    /** Checks that a model is one of this library. */
    static PassSource source(Model model) {
        if (model instanceof PassSource source) {
            return source;
        }
        throw new IllegalArgumentException("the model must be a Network, a LoRAModel or an AdapterView, found "
                + model.getClass().getName());
    }
}
