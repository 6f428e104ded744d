package org.lora4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The resident memory of this process as Linux reports it: Java and native memory together. */
final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");

    private ResidentMemory() {}

    static boolean isKnown() {
        return Files.exists(STATUS);
    }

    /** Returns the bytes that are resident now. */
    static long now() {
        return read("VmRSS:");
    }

    /** Collects garbage and returns the bytes that are resident then; 0 if the platform does not report them. */
    static long settled() throws InterruptedException {
        for (int i = 0; i < 3; i++) {
            System.gc();
            // A separate thread releases native memory after the collection.
            Thread.sleep(200);
        }
        return isKnown() ? now() : 0;
    }

    /** Returns the maximum of the resident bytes since the process started. */
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
