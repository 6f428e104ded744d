package org.lora4j.internal.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A batch of predictions that a service has computed. */
@Name("lora4j.PredictionBatch")
@Label("Prediction Batch")
@Description("A batch of predictions that a service has computed.")
@Category({"LoRA for the JVM", "Serving"})
@StackTrace(false)
public final class PredictionBatchEvent extends Event {
    @Label("Requests")
    int requests;

    @Label("Units")
    @Description("Rows of features, or tokens")
    long units;

    /** Ends the batch. */
    public void end(int requestCount, long unitCount) {
        end();
        if (shouldCommit()) {
            requests = requestCount;
            units = unitCount;
            commit();
        }
    }
}
