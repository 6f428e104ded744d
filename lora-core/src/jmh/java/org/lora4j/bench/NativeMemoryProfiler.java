package org.lora4j.bench;

import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/** Adds the resident memory after an iteration, which includes native memory, and its growth to the results of JMH. */
public final class NativeMemoryProfiler implements InternalProfiler {
    private static final double MIB = 1 << 20;

    private double before;

    /** Creates the profiler; JMH calls it. */
    public NativeMemoryProfiler() {}

    @Override
    public String getDescription() {
        return "resident memory of Java and native code together";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmarkParams, IterationParams iterationParams) {
        before = resident();
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(
            BenchmarkParams benchmarkParams, IterationParams iterationParams, IterationResult result) {
        double after = resident();
        return List.of(
                new ScalarResult("resident", after, "MiB", AggregationPolicy.MAX),
                new ScalarResult("resident.growth", after - before, "MiB", AggregationPolicy.AVG));
    }

    private static double resident() {
        return ResidentMemory.isKnown() ? ResidentMemory.now() / MIB : Double.NaN;
    }
}
