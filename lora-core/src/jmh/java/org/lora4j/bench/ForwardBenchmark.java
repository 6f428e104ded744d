package org.lora4j.bench;

import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.NullUnmarked;
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

/** Predicts with the base, with one or two adapters, with a merged adapter, and with an adapter for each row. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Benchmark)
@NullUnmarked
public class ForwardBenchmark {
    /** See {@link Start}. */
    @Param({"rich", "1024", "2048", "4096"})
    String net;

    /** The number of rows of the input. */
    @Param({"1", "10", "64", "512"})
    int batch;

    /** The variant; {@code mixed-n} uses n adapters. */
    @Param({"base", "lora", "merged", "two", "mixed-1", "mixed-10", "mixed-100", "mixed-1000"})
    String variant;

    /** See {@link Threads}. */
    @Param(Threads.BLAS)
    String threads;

    private Threads setting;
    private Supplier<INDArray> predict;

    /** Creates the model. */
    @Setup
    public void setUp() {
        setting = new Threads(threads);
        int dash = variant.indexOf('-');
        predict = dash < 0
                ? ForwardWork.predict(new Start(net, batch), variant, 8, 1)
                : ForwardWork.predict(new Start(net, batch), "mixed", 8, Integer.parseInt(variant.substring(dash + 1)));
    }

    /** Restores the thread settings. */
    @TearDown
    public void tearDown() {
        setting.close();
    }

    /** Predicts once and releases the output. */
    @Benchmark
    public void predict() {
        predict.get().close();
    }
}
