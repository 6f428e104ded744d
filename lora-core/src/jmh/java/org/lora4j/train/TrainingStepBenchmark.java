package org.lora4j.train;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.lora4j.bench.Start;
import org.lora4j.bench.Threads;
import org.lora4j.nn.Model;
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

/** Takes one training step of the base or of an adapter. It is in this package because {@link TrainingStep} is not public. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Benchmark)
@NullUnmarked
public class TrainingStepBenchmark {
    /** So small that the gradients of repeated batches stay large: tiny gradients become subnormal numbers, which are slow. */
    private static final double RATE = 1e-6;

    /** See {@link Start}. */
    @Param({"rich", "1024", "2048", "4096"})
    String net;

    /** The number of rows of a batch. */
    @Param({"1", "10", "64", "512"})
    int batch;

    /** The model that trains; the number is the rank of the adapter. */
    @Param({"base", "lora-1", "lora-8", "lora-64", "dora-8"})
    String trained;

    /** See {@link Threads}. */
    @Param(Threads.BLAS)
    String threads;

    private Threads setting;
    private List<Batch> batches;
    private TrainingStep step;
    private int iteration;

    /** Creates the model and its updater. */
    @Setup
    public void setUp() {
        setting = new Threads(threads);
        Start start = new Start(net, batch);
        batches = start.batches();
        Model model = trained.equals("base")
                ? start.network()
                : start.model(Integer.parseInt(trained.substring(5)), trained.startsWith("dora"), 1);
        step = new TrainingStep(
                Trainer.builder(model).updater(new Adam(RATE)).build().settings(), false);
    }

    /** Restores the thread settings. */
    @TearDown
    public void tearDown() {
        setting.close();
    }

    /** Computes the outputs, the loss and the gradients, and updates the parameters. */
    @Benchmark
    public double step() {
        Batch data = batches.get(iteration++ % batches.size());
        double loss = step.compute(data.input(), data.labels(), iteration);
        step.update(iteration, 1);
        return loss;
    }
}
