package org.lora4j.internal.events;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** A cache of adapters has read an adapter from its source. */
@Name("lora4j.AdapterLoad")
@Label("Adapter Load")
@Description("A cache of adapters has read an adapter from its source.")
@Category({"LoRA for the JVM", "Serving"})
@StackTrace(false)
public final class AdapterLoadEvent extends Event {
    @Label("Adapter")
    @Nullable
    String adapter;

    @Label("Failure")
    @Nullable
    String failure;

    /** Ends the load, with what went wrong, or null. */
    public void end(String name, @Nullable Throwable cause) {
        end();
        if (shouldCommit()) {
            adapter = name;
            failure = cause == null ? null : cause.toString();
            commit();
        }
    }
}
