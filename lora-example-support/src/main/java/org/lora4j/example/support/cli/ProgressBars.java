package org.lora4j.example.support.cli;

import java.util.Locale;
import java.util.function.Function;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.lora4j.train.TrainingListener;

/** Shows a bar on standard error, with loss, speed and remaining time. */
public final class ProgressBars implements ProgressDisplay {
    /** Creates a display, for a terminal. */
    public ProgressBars() {}

    @Override
    public <T> T show(String task, long batches, Function<TrainingListener, T> training) {
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
