package org.lora4j.console.command;

import java.io.PrintStream;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Function;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;
import org.lora4j.train.TrainingListener;

/** Shows the progress of trainings: by a bar on standard error, with loss, speed and remaining time, or by lines. */
public final class ProgressDisplay {
    private final @Nullable PrintStream bars;
    private final PrintWriter lines;
    private final String unit;
    private @Nullable ProgressBar drawn;

    /**
     * Creates a display.
     *
     * @param bars where bars are drawn; null for lines
     */
    ProgressDisplay(@Nullable PrintStream bars, PrintWriter lines, String unit) {
        this.bars = bars;
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
        return show(task, 0, batches, training);
    }

    /**
     * Runs the rest of a training and shows its progress. Speed and remaining time are those of the rest.
     *
     * @param task the name of the training
     * @param done the batches before
     * @param batches the number of its batches, with those before
     * @param training runs the training with a listener
     * @param <T> the type of the result
     * @return the result of the training
     */
    public <T> T show(String task, long done, long batches, Function<TrainingListener, T> training) {
        if (bars == null) {
            return training.apply(new LineProgress(lines, done, batches, unit, System::nanoTime));
        }
        ProgressBar bar = begin(bars, task, done, batches);
        try {
            return training.apply(new TrainingListener() {
                @Override
                public void onIteration(Iteration iteration) {
                    bar.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", iteration.runningLoss()));
                    bar.stepTo(iteration.iteration());
                }
            });
        } finally {
            end();
        }
    }

    private synchronized ProgressBar begin(PrintStream target, String task, long done, long batches) {
        ProgressBar bar = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(batches)
                .startsFrom(done, Duration.ZERO)
                .setConsumer(new ConsoleProgressBarConsumer(target, Terminal.width() - 1))
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .showSpeed()
                .build();
        drawn = bar;
        return bar;
    }

    /** Draws the bar for the last time, if there is one, so that it is not drawn over what is printed next. */
    synchronized void end() {
        ProgressBar bar = drawn;
        drawn = null;
        if (bar != null) {
            bar.close();
        }
    }
}
