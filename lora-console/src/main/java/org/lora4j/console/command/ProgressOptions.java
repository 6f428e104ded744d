package org.lora4j.console.command;

import java.io.PrintWriter;
import picocli.CommandLine.Option;

/** How progress is shown: by a bar on a terminal, or by lines. */
public final class ProgressOptions {
    @Option(names = "--no-progress", description = "Print lines instead of a progress bar.")
    private boolean noProgress;

    /** Creates the options with their defaults. */
    public ProgressOptions() {}

    /**
     * Returns a display.
     *
     * @param lines where lines are printed, without a terminal or without a bar
     * @param unit what a batch consists of, such as {@code images}
     */
    ProgressDisplay display(PrintWriter lines, String unit) {
        return new ProgressDisplay(!noProgress && Terminal.isPresent() ? Terminal.errors() : null, lines, unit);
    }
}
