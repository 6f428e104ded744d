package org.lora4j.example.mnist;

import java.util.Locale;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A bar on a terminal, with loss, rate and remaining time. It is drawn on standard error by a thread of its own. */
final class BarProgress implements Progress {
    private final ProgressBar bar;

    BarProgress(String task, long batches) {
        bar = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(batches)
                .setStyle(ProgressBarStyle.ASCII)
                .setUpdateIntervalMillis(200)
                .showSpeed()
                .build();
    }

    @Override
    public void onIteration(Iteration iteration) {
        bar.setExtraMessage(String.format(Locale.ROOT, " loss %.4f", iteration.runningLoss()));
        bar.stepTo(iteration.iteration());
    }

    @Override
    public void close() {
        bar.close();
    }
}
