package org.lora4j.io.internal;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.WritableByteChannel;

/**
 * Moves bytes between buffers and streams or channels until the buffer is done. Sources and sinks must block: one that
 * moves no byte again and again is refused, because a loop would wait for it with the processor at full load.
 */
public final class BufferTransfer {
    /** How often in a row a source or sink may move no byte. */
    public static final int MOST_EMPTY = 100;

    private static final int CHUNK = 1 << 16;

    /** Reads some bytes, as {@link ReadableByteChannel#read} does. */
    @FunctionalInterface
    public interface Input {
        int read(ByteBuffer target) throws IOException;
    }

    private BufferTransfer() {}

    /** Checks that a channel is in blocking mode. */
    public static void requireBlocking(String name, Channel channel) {
        if (channel instanceof SelectableChannel selectable && !selectable.isBlocking()) {
            throw new IllegalArgumentException(
                    name + ": must be in blocking mode, found non-blocking mode; call configureBlocking(true) first");
        }
    }

    /** Reads until the buffer is full or the source ends. */
    public static void readFully(String source, Input input, ByteBuffer target) throws IOException {
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
    public static void writeFully(String sink, WritableByteChannel channel, ByteBuffer bytes) throws IOException {
        int empty = 0;
        while (bytes.hasRemaining()) {
            empty = channel.write(bytes) == 0 ? empty + 1 : 0;
            requireProgress(sink, "write", empty);
        }
    }

    /** Writes the whole buffer. A channel over the stream would do it too, but an interrupt would close the stream. */
    public static void writeFully(OutputStream stream, ByteBuffer bytes) throws IOException {
        byte[] chunk = new byte[Math.min(CHUNK, bytes.remaining())];
        while (bytes.hasRemaining()) {
            int length = Math.min(chunk.length, bytes.remaining());
            bytes.get(chunk, 0, length);
            stream.write(chunk, 0, length);
        }
    }

    private static void requireProgress(String name, String action, int empty) throws IOException {
        if (empty == MOST_EMPTY) {
            throw new IOException(name + ": a " + action + " must move at least one byte, found none in " + empty
                    + " calls in a row; use blocking mode");
        }
    }
}
