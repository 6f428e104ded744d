package org.lora4j.example.support.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.Function;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
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
     * @return the display
     */
    public ProgressDisplay display(PrintWriter lines, String unit) {
        boolean bar = !noProgress && Terminal.isPresent();
        return new ProgressDisplay() {
            @Override
            public <T> T show(String task, long batches, Function<TrainingListener, T> training) {
                return bar
                        ? withBar(task, batches, training)
                        : training.apply(new LineProgress(lines, batches, unit, System::nanoTime));
            }
        };
    }

    /** Shows a bar on standard error, with loss, speed and remaining time. */
    private static <T> T withBar(String task, long batches, Function<TrainingListener, T> training) {
        ProgressBarBuilder builder = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(batches)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .showSpeed();
        try (ProgressBar bar = builder.build()) {
            return training.apply(new TrainingListener() {
                @Override
                public void onIteration(Iteration iteration) {
                    bar.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", iteration.runningLoss()));
                    bar.stepTo(iteration.iteration());
                }
            });
        }
    }
}
