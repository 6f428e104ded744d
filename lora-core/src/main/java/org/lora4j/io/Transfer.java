package org.lora4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/**
 * Moves bytes between buffers and streams or channels until the buffer is done. Sources and sinks must block: one that
 * moves no byte again and again is refused, because a loop would wait for it with the processor at full load.
 */
final class Transfer {
    /** How often in a row a source or sink may move no byte. */
    static final int MOST_EMPTY = 100;

    /** Reads some bytes, as {@link ReadableByteChannel#read} does. */
    @FunctionalInterface
    interface Input {
        int read(ByteBuffer target) throws IOException;
    }

    private Transfer() {}

    /** Reads until the buffer is full or the source ends. */
    static void readFully(String source, Input input, ByteBuffer target) throws IOException {
        int empty = 0;
        while (target.hasRemaining()) {
            int count = input.read(target);
            if (count < 0) {
                return;
            }
            empty = count == 0 ? empty + 1 : 0;
            requireProgress(source, "read", empty);
        }
    }

    /** Writes the whole buffer. */
    static void writeFully(String sink, WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        int empty = 0;
        while (bytes.hasRemaining()) {
            empty = channel.write(bytes) == 0 ? empty + 1 : 0;
            requireProgress(sink, "write", empty);
        }
    }

    private static void requireProgress(String name, String action, int empty) throws IOException {
        if (empty == MOST_EMPTY) {
            throw new IOException(name + ": a " + action + " must move at least one byte, found none in " + empty
                    + " calls in a row; use blocking mode");
        }
    }
}
