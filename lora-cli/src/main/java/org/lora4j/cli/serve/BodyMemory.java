package org.lora4j.cli.serve;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How many bytes of bodies are in memory together, so that many clients that send much, or slowly, cannot fill it. If there is no room,
 * the body that has most and is still being read is given up: so a client that sends little gets its place. Thread-safe.
 */
final class BodyMemory {
    private static final int PART_OF_HEAP = 32;

    private final long most;
    private final Map<MemoryBody, Integer> read = new HashMap<>();
    private long taken;

    BodyMemory(long most) {
        this.most = most;
    }

    static BodyMemory ofHeap(int largestBody) {
        return new BodyMemory(Math.max(largestBody, Runtime.getRuntime().maxMemory() / PART_OF_HEAP));
    }

    /** Takes bytes for a body that is being read. Returns the body that must be given up for it, which may be this one; or null. */
    @Nullable
    synchronized MemoryBody take(MemoryBody body, int bytes) {
        read.merge(body, bytes, Integer::sum);
        taken += bytes;
        if (taken <= most) {
            return null;
        }
        MemoryBody largest = body;
        for (Map.Entry<MemoryBody, Integer> one : read.entrySet()) {
            if (one.getValue() > read.getOrDefault(largest, 0)) {
                largest = one.getKey();
            }
        }
        taken -= keep(largest);
        return largest;
    }

    /** Notes that a body was read. It keeps its bytes until {@link #free}. Returns its bytes. */
    synchronized int keep(MemoryBody body) {
        Integer bytes = read.remove(body);
        return bytes == null ? 0 : bytes;
    }

    /** Gives the bytes of a body that was read back. */
    synchronized void free(int bytes) {
        taken -= bytes;
    }

    /** Gives the bytes of a body that is not read any more back. */
    void drop(MemoryBody body) {
        free(keep(body));
    }

    synchronized long taken() {
        return taken;
    }
}
