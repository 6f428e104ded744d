package org.lora4j.example.mnist;

import java.util.Arrays;
import org.lora4j.train.TrainingListener;

/** Keeps the loss of every batch. */
final class LossRecorder implements TrainingListener {
    private float[] losses = new float[128];
    private int size;

    @Override
    public void onIteration(Iteration iteration) {
        if (size == losses.length) {
            losses = Arrays.copyOf(losses, 2 * size);
        }
        losses[size++] = (float) iteration.loss();
    }

    /** A copy, in the order of the batches. */
    float[] losses() {
        return Arrays.copyOf(losses, size);
    }
}
