package org.lora4j.serve;

/**
 * Receives the events of an {@link AdapterCache}. The threads that load call it, possibly several at the same time, so its
 * methods must be thread-safe and fast. An exception that it throws is logged and has no other effect.
 */
public interface AdapterCacheListener {
    /**
     * Called after an adapter was loaded, before the calls that need it go on.
     *
     * @param name its name
     * @param bytes the bytes of its arrays
     * @param nanos how long that took, in nanoseconds
     */
    default void onLoad(String name, long bytes, long nanos) {}

    /**
     * Called after an adapter could not be loaded.
     *
     * @param name its name, as a call gave it
     * @param cause why
     */
    default void onFailedLoad(String name, Throwable cause) {}

    /**
     * Called after an adapter was deleted from the model to keep the limit.
     *
     * @param name its name
     * @param bytes the bytes of its arrays
     */
    default void onEviction(String name, long bytes) {}
}
