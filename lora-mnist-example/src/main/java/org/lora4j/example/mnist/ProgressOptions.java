package org.lora4j.example.mnist;

import java.io.PrintWriter;
import picocli.CommandLine.Option;

/** How progress is shown. */
final class ProgressOptions {
    @Option(names = "--no-progress", description = "No progress bar; plain lines now and then instead.")
    private boolean noProgress;

    /**
     * Begins to show a training.
     *
     * @param lines where plain lines go when there is no terminal or no bar is wanted
     */
    Progress start(String task, long batches, PrintWriter lines) {
        return !noProgress && Terminal.isPresent()
                ? new BarProgress(task, batches)
                : new LineProgress(lines, batches, System::nanoTime);
    }
}
