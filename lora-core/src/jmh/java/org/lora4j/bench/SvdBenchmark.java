package org.lora4j.bench;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.lora4j.linalg.LowRankFactors;
import org.lora4j.linalg.Svd;
import org.lora4j.nn.NativeThreads;
import org.nd4j.linalg.api.ndarray.INDArray;
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

/** Computes low-rank factors of the largest weight of a network. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Benchmark)
@NullUnmarked
public class SvdBenchmark {
    /** See {@link Start}. */
    @Param({"rich", "1024", "2048", "4096"})
    String net;

    /** The rank of the factors. */
    @Param({"1", "8", "64"})
    int rank;

    private NativeThreads threads;
    private INDArray weight;

    /** Creates the weight. */
    @Setup
    public void setUp() {
        threads = NativeThreads.forBlas();
        String path = net.equals(Start.RICH) ? "linear2" : "linear1";
        weight = new Start(net, 1).network().linear(path).weight();
    }

    /** Restores the thread settings. */
    @TearDown
    public void tearDown() {
        threads.close();
    }

    /** Computes a truncated decomposition and its factors. */
    @Benchmark
    public LowRankFactors extract() {
        return Svd.truncated(weight, rank).balancedFactors(rank);
    }
}
