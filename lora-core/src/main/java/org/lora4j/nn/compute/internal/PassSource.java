package org.lora4j.nn.compute.internal;

import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.batch.internal.Segment;

/** A model of this library: its layers, what they compute with now, and the passes that compute it. */
public interface PassSource {
    /**
     * Returns the layers.
     *
     * @return always the same object
     */
    LayerStack stack();

    /**
     * Returns what the layers compute with now. A change that comes later is not seen, except where it writes to the same
     * arrays.
     *
     * @return what each layer computes with
     * @throws IllegalArgumentException if an adapter of the model was deleted
     */
    EffectiveLayers effectiveLayers();

    /**
     * Creates the segment of a training.
     *
     * @return a new segment, which gives gradients of the parameters that are trainable now
     * @throws IllegalStateException if there is nothing to train, or the model does not say unmistakably what to train
     */
    Segment newTrainingSegment();

    /**
     * Creates a pass for training. A pass belongs to one thread at a time.
     *
     * @return a new pass of {@link #newTrainingSegment}
     */
    default Pass newTrainingPass() {
        return new Pass(newTrainingSegment(), false);
    }

    /**
     * Creates a pass for predictions. A pass belongs to one thread at a time.
     *
     * @return a new pass
     */
    default Pass newInferencePass() {
        return new Pass(stack(), false, this::effectiveLayers);
    }
}
