package org.lora4j.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.NullUnmarked;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.peft.PeftAdapters;
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

/** Saves and loads a base, and an adapter of this base in the files of PEFT. */
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

    /** Writes the files that are loaded. */
    @Setup
    public void setUp() throws IOException {
        threads = NativeThreads.forBlas();
        Start start = new Start(net, 1);
        network = start.network();
        adapter = start.adapter(8, false, 0);
        folder = Files.createTempDirectory("bench");
        file = folder.resolve("base.safetensors");
        network.save(file);
        adapterFolder = folder.resolve("adapter");
        PeftAdapters.save(adapter, network, adapterFolder);
    }

    /** Deletes the files. */
    @TearDown
    public void tearDown() throws IOException {
        threads.close();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(each);
            }
        }
    }

    /** Overwrites the file of the base. */
    @Benchmark
    public void save() throws IOException {
        network.save(file);
    }

    /** Loads the parameters of the file into the network. */
    @Benchmark
    public void load() throws IOException {
        network.loadParameters(file);
    }

    /** Overwrites the folder of the adapter, including the fingerprint of the base. */
    @Benchmark
    public void saveAdapter() throws IOException {
        PeftAdapters.save(adapter, network, adapterFolder);
    }

    /** Loads the adapter and checks the fingerprint of its base. */
    @Benchmark
    public LoRAAdapter loadAdapter() throws IOException {
        return PeftAdapters.load(adapterFolder, network);
    }
}
