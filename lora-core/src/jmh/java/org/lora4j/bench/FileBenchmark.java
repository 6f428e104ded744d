package org.lora4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.PeftAdapters;
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

/** Saving and loading a base, and an adapter of it in the files of PEFT. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
@State(Scope.Benchmark)
@NullUnmarked
public class FileBenchmark {
    /** See {@link Start}. */
    @Param({"rich", "1024", "2048", "4096"})
    String net;

    private NativeThreads threads;
    private Network network;
    private Path folder;
    private Path file;
    private LoRAAdapter adapter;
    private Path adapterFolder;

    /** Writes files to load. */
    @Setup
    public void begin() throws IOException {
        threads = NativeThreads.forBlas();
        Start start = new Start(net, 1);
        network = start.network();
        adapter = start.adapter(8, false, 0);
        folder = Files.createTempDirectory("bench");
        file = folder.resolve("base.safetensors");
        NetworkFile.save(network, file);
        adapterFolder = folder.resolve("adapter");
        PeftAdapters.save(adapter, network, adapterFolder);
    }

    /** Deletes them. */
    @TearDown
    public void end() throws IOException {
        threads.close();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    /** Writes over the file. */
    @Benchmark
    public void save() throws IOException {
        NetworkFile.save(network, file);
    }

    /** Reads it into the network. */
    @Benchmark
    public void load() throws IOException {
        NetworkFile.load(network, file);
    }

    /** Writes over the adapter's folder, with the fingerprint of its base. */
    @Benchmark
    public void saveAdapter() throws IOException {
        PeftAdapters.save(adapter, network, adapterFolder);
    }

    /** Reads the adapter and checks that it was made for this base. */
    @Benchmark
    public LoRAAdapter loadAdapter() throws IOException {
        return PeftAdapters.load(adapterFolder, network);
    }
}
