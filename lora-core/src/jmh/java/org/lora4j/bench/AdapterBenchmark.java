package org.lora4j.bench;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.NullUnmarked;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
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

/** Operations on adapters: choosing, activating, replacing and merging. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Benchmark)
@NullUnmarked
public class AdapterBenchmark {
    /** See {@link Start}. */
    @Param({"rich", "1024", "2048", "4096"})
    String net;

    /** The number of adapters in the model. */
    @Param({"2", "1000"})
    int adapters;

    private NativeThreads threads;
    private LoRAModel model;
    private LoRAAdapter other;
    private int next;

    /** Creates the model. */
    @Setup
    public void setUp() {
        threads = NativeThreads.forBlas();
        Start start = new Start(net, 1);
        model = start.model(8, false, adapters);
        other = start.adapter(8, false, adapters);
    }

    /** Restores the thread settings. */
    @TearDown
    public void tearDown() {
        threads.close();
    }

    /** Chooses an adapter for a prediction. */
    @Benchmark
    public AdapterView using() {
        next = (next + 1) % adapters;
        return model.using(Start.name(next));
    }

    /** Activates another adapter. */
    @Benchmark
    public void activate() {
        next = (next + 1) % adapters;
        model.activate(Start.name(next));
    }

    /** Replaces the weights of an active adapter. */
    @Benchmark
    public void hotSwap() {
        model.replace(Start.name(0), other);
    }

    /** Merges an adapter into a new network. */
    @Benchmark
    public Network merge() {
        return model.merge(Start.name(0));
    }
}
