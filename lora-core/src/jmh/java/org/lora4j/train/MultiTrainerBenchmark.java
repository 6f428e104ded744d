package org.lora4j.train;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.lora4j.LoRAModel;
import org.lora4j.bench.Start;
import org.lora4j.bench.Threads;
import org.nd4j.linalg.learning.config.Adam;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Trains several adapters of rank 1 for {@value #STEPS} steps each, at once and one after the other, with the public
 * trainers. Compare the two times of the same parameters.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(1)
@State(Scope.Benchmark)
@NullUnmarked
public class MultiTrainerBenchmark {
    private static final int STEPS = 20;

    /** So small that the gradients of repeated batches stay large: tiny gradients become subnormal numbers, which are slow. */
    private static final double RATE = 1e-6;

    /** See {@link Start}. */
    @Param("rich")
    String net;

    /** The number of adapters and the number of rows of a batch of each. */
    @Param({"16x10", "64x1"})
    String work;

    /** The kind of the adapters; the number is the rank. */
    @Param({"lora-1", "lora-8", "dora-8"})
    String kind;

    /** See {@link Threads}. */
    @Param(Threads.ENGINE)
    String setting;

    private Threads threads;
    private Start start;
    private LoRAModel model;
    private int adapters;

    /** Creates the adapters. */
    @Setup
    public void setUp() {
        threads = new Threads(setting);
        String[] numbers = work.split("x", 2);
        adapters = Integer.parseInt(numbers[0]);
        start = new Start(net, Integer.parseInt(numbers[1]));
        model = start.model(Integer.parseInt(kind.substring(5)), kind.startsWith("dora"), adapters);
    }

    /** Restores the thread settings. */
    @TearDown
    public void tearDown() {
        threads.close();
    }

    private Trainer trainer(int adapter) {
        return Trainer.builder(model.using(Start.name(adapter)))
                .updater(new Adam(RATE))
                .maxIterations(STEPS)
                .build();
    }

    /** Trains all adapters with one {@link MultiTrainer}. */
    @Benchmark
    public List<MultiTrainer.Outcome> together() {
        MultiTrainer together = new MultiTrainer();
        for (int i = 0; i < adapters; i++) {
            together.add(trainer(i), start.batches());
        }
        return together.fit();
    }

    /** Trains one adapter after the other with {@link Trainer}. */
    @Benchmark
    public List<TrainingResult> oneAfterTheOther() {
        List<TrainingResult> results = new ArrayList<>();
        for (int i = 0; i < adapters; i++) {
            results.add(trainer(i).fit(start.batches()));
        }
        return results;
    }
}
