package org.lora4j.spark.internal.base;

import java.io.Serializable;
import org.lora4j.nn.Network;

/** A base on its way to the executors. An executor that has the broadcast of such an object creates the network once, for all its tasks. */
public interface SentBase extends Serializable {
    /** The network of this process. */
    Network network();

    /** A text that differs for another base. */
    String identity();

    /** Whether the bytes travel. */
    boolean isBroadcast();
}
