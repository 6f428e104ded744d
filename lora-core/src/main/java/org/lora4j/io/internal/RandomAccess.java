package org.lora4j.io.internal;

import java.io.IOException;
import java.nio.ByteBuffer;

/** Reads some bytes from a position on, as {@link java.nio.channels.FileChannel#read(ByteBuffer, long)} does. */
@FunctionalInterface
public interface RandomAccess {
    /**
     * Reads bytes.
     *
     * @param target gets them
     * @param position where the first of them is
     * @return how many there were; below 0 at the end
     * @throws IOException if they cannot be read
     */
    int read(ByteBuffer target, long position) throws IOException;

    /** Returns access to bytes in memory, which are not copied. */
    static RandomAccess of(byte[] file) {
        return (target, position) -> {
            int length = Math.toIntExact(Math.min(target.remaining(), file.length - position));
            target.put(file, Math.toIntExact(position), length);
            return length;
        };
    }
}
