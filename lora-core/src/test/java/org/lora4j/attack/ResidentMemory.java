package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The resident memory of this process: Java and native memory together. Only Linux reports it; elsewhere nothing is
 * compared. The heap should be touched from the start ({@code -Xms256m -Xmx256m -XX:+AlwaysPreTouch}), because it grows
 * otherwise without anything being leaked.
 */
final class ResidentMemory {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final long MEGABYTE = 1 << 20;

    private final long before;

    private ResidentMemory(long before) {
        this.before = before;
    }

    /** Measures what is resident before the long part of a test. */
    static ResidentMemory measure() throws Exception {
        return new ResidentMemory(settled());
    }

    /** Fails if more than so many megabytes have been added. */
    void requireGrowthBelow(long megabytes) throws Exception {
        long growth = (settled() - before) / MEGABYTE;
        System.out.println("resident memory: " + before / MEGABYTE + " MB, growth " + growth + " MB of at most "
                + megabytes + " MB");
        assertThat(growth)
                .as("megabytes of growth, after %d", before / MEGABYTE)
                .isLessThan(megabytes);
    }

    private static long settled() throws Exception {
        for (int i = 0; i < 3; i++) {
            System.gc();
            // A separate thread releases native memory after the collection.
            Thread.sleep(300);
        }
        return Files.exists(STATUS) ? now() : 0;
    }

    private static long now() throws IOException {
        for (String line : Files.readAllLines(STATUS)) {
            if (line.startsWith("VmRSS:")) {
                return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
            }
        }
        throw new IllegalStateException(STATUS + " must have a line VmRSS");
    }
}
