package org.lora4j.example.support.cli;

import java.util.function.Function;
import org.lora4j.train.TrainingListener;

/** Shows the progress of trainings. */
public interface ProgressDisplay {
    /**
     * Runs a training and shows its progress.
     *
     * @param task the name of the training
     * @param batches the number of its batches
     * @param training runs the training with a listener
     * @param <T> the type of the result
     * @return the result of the training
     */
    <T> T show(String task, long batches, Function<TrainingListener, T> training);
}
