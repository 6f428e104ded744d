package org.lora4j.example.mnist;

import org.lora4j.train.TrainingListener;
import java.util.Arrays;
import java.util.List;

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

    /** The losses of trainings one after the other. */
    static float[] losses(List<Learned> trainings) {
        float[] all = new float
                [trainings.stream().mapToInt(training -> training.losses().size).sum()];
        int next = 0;
        for (Learned training : trainings) {
            LossRecorder recorder = training.losses();
            System.arraycopy(recorder.losses, 0, all, next, recorder.size);
            next += recorder.size;
        }
        return all;
    }
}
