package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.Network;

/** A base on its way to the executors. An executor that has the broadcast of such an object creates the network once, for all its tasks. */
public interface SentBase extends Serializable {
    /** The network of this process. */
    Network network();

    /**
     * Checks that an adapter is for this stage, before it is read.
     *
     * @param where the adapter, for messages
     * @param task the content of its {@code task.json}; null if it has none
     * @throws IOException if it is for another stage
     */
    void requireTask(String where, @Nullable String task) throws IOException;

    /**
     * Is told what an adapter is for, before rows are computed with it.
     *
     * @param name its name among those of the stage
     * @param where the adapter, for messages
     * @param task the content of its {@code task.json}; null if it has none
     * @param adapter the adapter
     * @throws IOException if it has not what the task reads
     */
    default void loaded(String name, String where, @Nullable String task, LoRAAdapter adapter) throws IOException {}

    /** A text that differs for another base. */
    String identity();

    /** Whether the bytes travel. */
    boolean isBroadcast();
}
