package org.lora4j.example.support.cli;

import java.io.PrintWriter;
import java.util.function.Function;
import org.lora4j.train.TrainingListener;
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
    public ProgressDisplay display(PrintWriter lines, String unit) {
        if (!noProgress && Terminal.isPresent()) {
            return new ProgressBars();
        }
        return new ProgressDisplay() {
            @Override
            public <T> T show(String task, long batches, Function<TrainingListener, T> training) {
                return training.apply(new LineProgress(lines, batches, unit, System::nanoTime));
            }
        };
    }
}
