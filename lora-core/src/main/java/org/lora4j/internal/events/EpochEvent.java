package org.lora4j.internal.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** An epoch of a training, without its validation. */
@Name("lora4j.Epoch")
@Label("Epoch")
@Description("An epoch of a training, without its validation.")
@Category({"LoRA for the JVM", "Training"})
@StackTrace(false)
public final class EpochEvent extends Event {
    @Label("Epoch")
    int epoch;

    @Label("Iteration")
    @Description("The last step of the epoch")
    long iteration;

    @Label("Running Loss")
    @Description("The mean loss of the last 100 steps")
    double runningLoss;

    /** Ends the epoch. */
    public void end(int number, long last, double meanLoss) {
        end();
        if (shouldCommit()) {
            epoch = number;
            iteration = last;
            runningLoss = meanLoss;
            commit();
        }
    }
}
