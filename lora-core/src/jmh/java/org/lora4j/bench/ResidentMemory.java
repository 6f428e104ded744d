package org.lora4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What Linux says of this process's memory: Java's and the native side's together. */
final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ResidentMemory() {}

    static boolean isKnown() {
        return Files.exists(STATUS);
    }

    /** Bytes resident now. */
    static long now() {
        return read("VmRSS:");
    }

    /** Bytes resident after garbage was collected, its native memory too; 0 where they are not known. */
    static long settled() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            // Native memory goes in a thread of its own, after the collection.
            Thread.sleep(200);
        }
        return isKnown() ? now() : 0;
    }

    /** The most bytes that were resident since the process began. */
    static long peak() {
        return read("VmHWM:");
    }

    private static long read(String key) {
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith(key)) {
                    return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
                }
            }
            throw new IllegalStateException(STATUS + " must have a line " + key);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
