package org.lora4j.example.support.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.Function;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.lora4j.train.TrainingListener;

/** Shows the progress of trainings: by a bar on standard error, with loss, speed and remaining time, or by lines. */
public final class ProgressDisplay {
    private final boolean hasBar;
    private final PrintWriter lines;
    private final String unit;

    ProgressDisplay(boolean hasBar, PrintWriter lines, String unit) {
        this.hasBar = hasBar;
        this.lines = lines;
        this.unit = unit;
    }

    /**
     * Runs a training and shows its progress.
     *
     * @param task the name of the training
     * @param batches the number of its batches
     * @param training runs the training with a listener
     * @param <T> the type of the result
     * @return the result of the training
     */
    public <T> T show(String task, long batches, Function<TrainingListener, T> training) {
        if (!hasBar) {
            return training.apply(new LineProgress(lines, batches, unit, System::nanoTime));
        }
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
