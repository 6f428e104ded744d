package org.lora4j.internal.events;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import org.jspecify.annotations.Nullable;

/** An adapter was deleted from its model, by a program or to keep a limit of a cache. */
@Name("lora4j.AdapterDrop")
@Label("Adapter Drop")
@Description("An adapter was deleted from its model, by a program or to keep a limit of a cache.")
@Category({"LoRA for the JVM", "Serving"})
@StackTrace(false)
public final class AdapterDropEvent extends Event {
    @Label("Adapter")
    @Nullable
    String adapter;

    @Label("Bytes")
    @DataAmount
    long bytes;

    /** Notes the adapter, with the bytes of its arrays. */
    public void end(String name, long size) {
        if (shouldCommit()) {
            adapter = name;
            bytes = size;
            commit();
        }
    }
}
