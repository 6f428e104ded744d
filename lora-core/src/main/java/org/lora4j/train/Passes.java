package org.lora4j.train;

import org.lora4j.nn.Model;
import org.lora4j.nn.NetworkModel;
import org.lora4j.nn.compute.internal.Pass;

/** Creates the passes that compute a model. */
final class Passes {
    private Passes() {}

    /**
     * Creates a pass for training.
     *
     * @param recomputes whether layers keep only their inputs
     * @throws IllegalStateException if there is nothing to train, or the model does not say unmistakably what to train
     */
    static Pass forTraining(Model model, boolean recomputes) {
        return new Pass(source(model).newTrainingSegment(), recomputes);
    }

    /** Creates a pass for predictions. */
    static Pass forPredictions(Model model) {
        return source(model).newInferencePass();
    }

    /** The only kind of model. */
    static NetworkModel source(Model model) {
        return (NetworkModel) model;
    }
}
