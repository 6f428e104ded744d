package org.lora4j.console.command;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.lora4j.train.TrainingListener;

/** Prints progress as lines, for files and pipes: at each tenth of the batches, at most every 2 seconds. */
final class LineProgress implements TrainingListener {
    private static final long QUIET_NANOS = 2_000_000_000L;

    private final PrintWriter out;
    private final long done;
    private final long batches;
    private final String unit;
    private final LongSupplier clock;
    private final long start;
    private long last;

    /**
     * Creates a display that starts now.
     *
     * @param done the batches before
     * @param batches the number of all batches
     * @param unit what a batch consists of
     * @param clock the time in nanoseconds
     */
    LineProgress(PrintWriter out, long done, long batches, String unit, LongSupplier clock) {
        this.out = out;
        this.done = done;
        this.batches = batches;
        this.unit = unit;
        this.clock = clock;
        start = clock.getAsLong();
        last = start;
    }

    @Override
    public void onIteration(Iteration step) {
        long iteration = step.iteration();
        long now = clock.getAsLong();
        boolean tenth = 10 * iteration / batches > 10 * (iteration - 1) / batches;
        if (!tenth || now - last < QUIET_NANOS) {
            return;
        }
        last = now;
        double left = (now - start) / 1e9 / (iteration - done) * (batches - iteration);
        out.printf(
                Locale.ROOT,
                "  %,7d of %,d batches   loss %.4f   %,.0f %s/s   %.0f s left%n",
                iteration,
                batches,
                step.runningLoss(),
                step.examplesPerSecond(),
                unit,
                left);
        out.flush();
    }
}
