package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The signal of Ctrl-C. */
final class Interrupts {
    private static final long SIGINT = 1 << 1;

    private Interrupts() {}

    /** Returns whether this process ignores interrupts, as one in the background of a script: its children do, too. */
    static boolean areIgnored() throws IOException {
        Path status = Path.of("/proc/self/status");
        if (!Files.exists(status)) {
            return false;
        }
        return Files.readAllLines(status).stream()
                .filter(line -> line.startsWith("SigIgn:"))
                .mapToLong(line -> Long.parseUnsignedLong(line.substring(7).strip(), 16))
                .anyMatch(ignored -> (ignored & SIGINT) != 0);
    }
}
