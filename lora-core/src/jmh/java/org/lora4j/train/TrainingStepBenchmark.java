package org.lora4j.train;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.lora4j.bench.Start;
import org.lora4j.nn.Model;
import org.lora4j.nn.NativeThreads;
import org.nd4j.linalg.dataset.DataSet;
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

/** One training step, of the base or of an adapter. Here because a step is no public thing. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Benchmark)
@NullUnmarked
public class TrainingStepBenchmark {
    /** So small that a batch seen again and again keeps its gradients: vanished ones would be slow, being subnormal. */
    private static final double RATE = 1e-6;

    /** See {@link Start}. */
    @Param({"rich", "1024", "2048", "4096"})
    String net;

    /** The rows of a batch. */
    @Param({"1", "10", "64", "512"})
    int batch;

    /** What trains, with its rank. */
    @Param({"base", "lora-1", "lora-8", "lora-64", "dora-8"})
    String trained;

    private NativeThreads threads;
    private List<DataSet> batches;
    private TrainingStep step;
    private int iteration;

    /** Makes the model and its updater. */
    @Setup
    public void begin() {
        threads = NativeThreads.forBlas();
        Start start = new Start(net, batch);
        batches = start.batches();
        Model model = trained.equals("base")
                ? start.network()
                : start.model(Integer.parseInt(trained.substring(5)), trained.startsWith("dora"), 1);
        step = new TrainingStep(
                model,
                Loss.softmaxCrossEntropy(),
                new UpdaterGroups(List.of(), new Adam(RATE)),
                Double.POSITIVE_INFINITY);
    }

    /** Puts the threads back. */
    @TearDown
    public void end() {
        threads.close();
    }

    /** Forward, loss, backward and update. */
    @Benchmark
    public double step() {
        DataSet data = batches.get(iteration++ % batches.size());
        return step.take(data.getFeatures(), data.getLabels(), iteration, 1);
    }
}
