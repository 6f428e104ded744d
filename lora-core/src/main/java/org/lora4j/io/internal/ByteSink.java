package org.lora4j.io.internal;

import java.nio.ByteBuffer;

/**
 * Takes the bytes of a file.
 *
 * @param <E> what it throws if it cannot
 */
@FunctionalInterface
public interface ByteSink<E extends Exception> {
    /**
     * Writes the whole buffer.
     *
     * @param bytes the bytes, which are invalid afterwards
     * @throws E if they cannot be written
     */
    void write(ByteBuffer bytes) throws E;
}
