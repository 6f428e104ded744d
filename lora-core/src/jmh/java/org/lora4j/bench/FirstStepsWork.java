package org.lora4j.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingListener;

/**
 * The first seconds of a process: when its first prediction and its first training step are done, and how long the steps take
 * until the JVM has compiled them. Prints milliseconds; each step is a LoRA step of rank 1 of RichBoyNet.
 *
 * <pre>{@code
 * src/bench/start threads=engine batch=10
 * }</pre>
 */
final class FirstStepsWork {
    private static final int STEPS = 4_000;

    /** The ends of the groups of steps, whose medians are printed. */
    private static final int[] ENDS = {10, 50, 100, 200, 300, 400, 500, 1_000, 2_000, STEPS};

    private FirstStepsWork() {}

    public static void main(String[] args) throws IOException {
        Arguments arguments = new Arguments(args);
        String setting = arguments.take("threads", Threads.DEFAULT);
        int batch = arguments.take("batch", 10);
        String file = arguments.take("steps", "");
        arguments.requireNoMore();
        Threads threads = new Threads(setting);
        try (threads) {
            double[] millis = run(setting, batch);
            if (!file.isEmpty()) {
                Files.write(
                        Path.of(file),
                        Arrays.stream(millis).mapToObj(Double::toString).toList());
            }
        }
    }

    /** Returns the milliseconds of each step. */
    private static double[] run(String setting, int batch) {
        Start start = new Start(Start.RICH, batch);
        LoRAModel model = start.model(1, false, 1);
        AdapterView view = model.using(Start.name(0));
        double loaded = sinceStart();
        view.predict(start.x());
        double predicted = sinceStart();
        long[] ends = new long[STEPS + 1];
        ends[0] = System.nanoTime();
        Trainer.builder(view)
                .maxIterations(STEPS)
                .epochs(STEPS)
                .listener(new TrainingListener() {
                    @Override
                    public void onIteration(Iteration iteration) {
                        ends[(int) iteration.iteration()] = System.nanoTime();
                    }
                })
                .build()
                .fit(start.batches());
        double[] millis = new double[STEPS];
        for (int i = 0; i < STEPS; i++) {
            millis[i] = (ends[i + 1] - ends[i]) / 1e6;
        }
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT,
                "%s: loaded %.0f, predicted %.0f, first step %.1f;",
                setting,
                loaded,
                predicted,
                millis[0]));
        int from = 0;
        for (int end : ENDS) {
            double[] some = Arrays.copyOfRange(millis, from, end);
            Arrays.sort(some);
            line.append(String.format(Locale.ROOT, " to %d: %.2f", end, some[some.length / 2]));
            from = end;
        }
        double first = Arrays.stream(millis, 0, 500).sum();
        double last = Arrays.stream(millis, STEPS - 500, STEPS).sum();
        line.append(String.format(
                Locale.ROOT,
                "; first 100 in all %.0f, first 500 %.0f, last 500 %.0f, ratio %.2f",
                Arrays.stream(millis, 0, 100).sum(),
                first,
                last,
                first / last));
        System.out.println(line);
        return millis;
    }

    private static double sinceStart() {
        return System.currentTimeMillis()
                - (double) ManagementFactory.getRuntimeMXBean().getStartTime();
    }
}
