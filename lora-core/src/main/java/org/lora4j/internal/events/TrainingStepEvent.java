package org.lora4j.internal.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A step of a training, from its first batch to the update of the parameters. */
@Name("lora4j.TrainingStep")
@Label("Training Step")
@Description("A step of a training, from its first batch to the update of the parameters.")
@Category({"LoRA for the JVM", "Training"})
@StackTrace(false)
public final class TrainingStepEvent extends Event {
    @Label("Iteration")
    long iteration;

    @Label("Epoch")
    int epoch;

    @Label("Examples")
    int examples;

    @Label("Rows")
    @Description("Those of which the loss is the mean: examples, or tokens that are learned")
    long rows;

    @Label("Loss")
    double loss;

    /** Ends the step. */
    public void end(long number, int ofEpoch, int exampleCount, long rowCount, double meanLoss) {
        end();
        if (shouldCommit()) {
            iteration = number;
            epoch = ofEpoch;
            examples = exampleCount;
            rows = rowCount;
            loss = meanLoss;
            commit();
        }
    }
}
