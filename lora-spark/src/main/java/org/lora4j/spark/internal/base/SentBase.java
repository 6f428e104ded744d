package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.Serializable;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.Network;

/** A base on its way to the executors. An executor that has the broadcast of such an object creates the network once, for all its tasks. */
public interface SentBase extends Serializable {
    /** The network of this process. */
    Network network();

    /**
     * Checks that the texts of rows get the tokens that an adapter was trained with, as its files say.
     *
     * @param files the files of the adapter
     * @throws IOException if they cannot be read, or say something else than the parameters of the stage
     */
    default void requireTask(ModelSource files) throws IOException {}

    /** A text that differs for another base. */
    String identity();

    /** Whether the bytes travel. */
    boolean isBroadcast();
}
