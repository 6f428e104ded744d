package org.lora4j.internal.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A checkpoint of a training, with the time to store it. */
@Name("lora4j.Checkpoint")
@Label("Checkpoint")
@Description("A checkpoint of a training, with the time to store it.")
@Category({"LoRA for the JVM", "Training"})
@StackTrace(false)
public final class CheckpointEvent extends Event {
    @Label("Iteration")
    long iteration;

    /** Ends the checkpoint. */
    public void end(long number) {
        end();
        if (shouldCommit()) {
            iteration = number;
            commit();
        }
    }
}
