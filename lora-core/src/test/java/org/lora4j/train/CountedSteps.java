package org.lora4j.train;

import org.lora4j.nn.SteadyState;

/** Counts the steps of a training as calls of repeated work. */
record CountedSteps(SteadyState state) implements TrainingListener {
    @Override
    public void onIteration(Iteration iteration) {
        state.count();
    }
}
