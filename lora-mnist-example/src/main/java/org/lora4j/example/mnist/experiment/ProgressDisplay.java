package org.lora4j.example.mnist.experiment;

import java.util.function.Function;
import org.lora4j.train.TrainingListener;

/** Shows the progress of trainings. */
@FunctionalInterface
public interface ProgressDisplay {
    /**
     * Runs a training and shows its progress.
     *
     * @param task the name of the training
     * @param batches the number of its batches
     * @param training runs the training with a listener
     * @return the result of the training
     */
    AdamTraining.Outcome show(String task, long batches, Function<TrainingListener, AdamTraining.Outcome> training);
}
