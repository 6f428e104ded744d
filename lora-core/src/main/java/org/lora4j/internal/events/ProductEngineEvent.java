package org.lora4j.internal.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** What multiplies with frozen weights in this process, once it was chosen. */
@Name("lora4j.ProductEngine")
@Label("Product Engine")
@Description("What multiplies with frozen weights in this process, once it was chosen.")
@Category({"LoRA for the JVM", "Engine"})
@StackTrace(false)
@Period("everyChunk")
public final class ProductEngineEvent extends Event {
    @Label("Engine")
    @Nullable
    String engine;

    /** Notes the engine. */
    public void end(String name) {
        if (shouldCommit()) {
            engine = name;
            commit();
        }
    }
}
