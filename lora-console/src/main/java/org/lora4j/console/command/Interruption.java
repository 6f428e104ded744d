package org.lora4j.console.command;

import java.io.PrintWriter;
import java.util.function.Supplier;
import org.lora4j.io.internal.AtomicFile;

/**
 * Says in one line what is kept if the process is interrupted, as by Ctrl-C or SIGTERM, and deletes files that are not finished. Java
 * ends it with the exit code 130 or 143.
 */
final class Interruption implements AutoCloseable {
    private final Thread line;

    private Interruption(Thread line) {
        this.line = line;
    }

    /**
     * Prints the line if the process ends before {@link #close}.
     *
     * @param before is run before the line is printed
     */
    static Interruption announce(PrintWriter err, Runnable before, Supplier<String> kept) {
        Thread line = new Thread(() -> {
            AtomicFile.end();
            before.run();
            if (Terminal.isPresent()) {
                // The cursor is behind ^C, or behind a progress bar.
                err.println();
            }
            err.println("interrupted; " + kept.get());
            err.flush();
        });
        Runtime.getRuntime().addShutdownHook(line);
        return new Interruption(line);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(line);
        } catch (IllegalStateException e) {
            // The process ends already, and the line is printed.
        }
    }
}
