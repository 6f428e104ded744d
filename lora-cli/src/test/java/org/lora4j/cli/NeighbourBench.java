package org.lora4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToDoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * Measures the short requests of one adapter alone and beside {@link HostileRequests} of another one, in turn, of a real server. The
 * others are clients in a process of the lowest priority, as if they had a machine of their own. {@code src/bench/neighbours} runs it.
 */
public final class NeighbourBench {
    private static final String ADAPTER = "honest";
    private static final int PAUSE_MILLIS = 5;
    private static final int START_MILLIS = 1000;

    /** More than one process of others sends. */
    private static final int NUMBERS = 1_000_000;

    private static final String OTHERS = "others";
    private static final Set<String> SETTINGS = Set.of("seconds", "pairs", "clients");

    private final int seconds;
    private final int pairs;
    private final int clients;
    private final Path folder;

    /** A BERT to measure instead of the small one. */
    private final @Nullable Path encoder;

    /** Others differ in what they ask for, so that no answer is known. */
    private final AtomicInteger number = new AtomicInteger();

    /** The times of the short requests in ms, and how many answers the others had, by their status. */
    private record Result(double median, double p99, Map<Integer, Long> others) {}

    private NeighbourBench(Map<String, Integer> settings, @Nullable Path encoder, Path folder) {
        this.encoder = encoder;
        seconds = settings.getOrDefault("seconds", 10);
        pairs = settings.getOrDefault("pairs", 3);
        clients = settings.getOrDefault("clients", 32);
        this.folder = folder;
    }

    /**
     * Runs all measurements, or those of some requests.
     *
     * @param args {@code seconds=10}, {@code pairs=3}, {@code clients=32}, {@code encoder=} with the folder of a BERT, and names of {@link HostileRequests}
     */
    public static void main(String[] args) throws Exception {
        if (args.length > 0 && args[0].equals(OTHERS)) {
            sendOthers(args[1], HostileRequests.valueOf(args[2]), Integer.parseInt(args[3]), Integer.parseInt(args[4]));
            return;
        }
        Map<String, Integer> settings = new HashMap<>();
        Path encoder = null;
        List<HostileRequests> asked = new ArrayList<>();
        for (String arg : args) {
            String[] parts = arg.split("=", 2);
            if (parts.length == 1) {
                asked.add(HostileRequests.valueOf(arg.toUpperCase(Locale.ROOT)));
            } else if (parts[0].equals("encoder")) {
                encoder = Path.of(parts[1]);
            } else if (SETTINGS.contains(parts[0])) {
                settings.put(parts[0], Integer.valueOf(parts[1]));
            } else {
                throw new IllegalArgumentException("arguments must be some of " + SETTINGS + ", found " + arg);
            }
        }
        NeighbourBench bench = new NeighbourBench(settings, encoder, Files.createTempDirectory("neighbours"));
        print(
                "%s, %d processors, Java %s, src/bench/neighbours, %d clients",
                LocalDate.now(ZoneOffset.UTC),
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.version"),
                bench.clients);
        print("");
        print(
                "| others | median alone, ms | beside them | ratio | p99 alone, ms | beside them | ratio | their answers |");
        print("|---|---:|---:|---:|---:|---:|---:|---|");
        for (HostileRequests others : asked.isEmpty() ? List.of(HostileRequests.values()) : asked) {
            bench.measure(others);
        }
    }

    private static void print(String form, Object... values) {
        System.out.println(String.format(Locale.ROOT, form, values));
    }

    private void measure(HostileRequests others) throws Exception {
        Path adapters = folder.resolve(others.isEmbedding() ? "embeddings" : "texts");
        for (String name : List.of(ADAPTER, HostileRequests.ADAPTER)) {
            if (others.isEmbedding()) {
                writeEncoderAdapter(adapters.resolve(name));
            } else {
                RandomAdapters.write(adapters.resolve(name), "model.layers", "self_attn.q_proj", name.hashCode());
            }
        }
        Path model = !others.isEmbedding()
                ? SmallModels.llama(folder.resolve("llama"), 1)
                : encoder == null ? SmallModels.bert(folder.resolve("bert"), 1) : encoder;
        try (ServerProcess server = ServerProcess.start(
                folder.resolve("log"), "1g", "--model", model, "--adapters", adapters, "--max-body", 2000)) {
            List<Result> alone = new ArrayList<>();
            List<Result> beside = new ArrayList<>();
            for (int pair = -1; pair < pairs; pair++) {
                Result one = run(server.address(), others, 0);
                Result other = run(server.address(), others, clients);
                if (pair >= 0) {
                    alone.add(one);
                    beside.add(other);
                }
                awaitIdle(server);
            }
            print(alone, beside, others);
        }
    }

    private void writeEncoderAdapter(Path adapter) throws IOException {
        String layers = "encoder.layer";
        String module = "attention.self.query";
        if (encoder == null) {
            RandomAdapters.write(adapter, layers, module, adapter.hashCode());
            return;
        }
        JsonNode config = new ObjectMapper().readTree(Files.readString(encoder.resolve("config.json")));
        int width = config.path("hidden_size").asInt();
        int count = config.path("num_hidden_layers").asInt();
        RandomAdapters.write(adapter, layers, module, width, count, adapter.hashCode());
    }

    private static void awaitIdle(ServerProcess server) throws Exception {
        while (server.figure("lora_http_requests") > 0) {
            Thread.sleep(100);
        }
    }

    private static void print(List<Result> alone, List<Result> beside, HostileRequests others) {
        Map<Integer, Long> statuses = new TreeMap<>();
        beside.forEach(result -> result.others.forEach((status, count) -> statuses.merge(status, count, Long::sum)));
        double median = middle(alone, Result::median);
        double p99 = middle(alone, Result::p99);
        double medianBeside = middle(beside, Result::median);
        double p99Beside = middle(beside, Result::p99);
        print(
                "| %s | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %s |",
                others.name().toLowerCase(Locale.ROOT),
                median,
                medianBeside,
                medianBeside / median,
                p99,
                p99Beside,
                p99Beside / p99,
                statuses);
    }

    private static double middle(List<Result> results, ToDoubleFunction<Result> number) {
        double[] sorted = results.stream().mapToDouble(number).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    /** Sends short requests, one after the other, and those of so many others at the same time. */
    private Result run(String address, HostileRequests others, int count) throws Exception {
        Process sender = count == 0 ? null : startOthers(address, others, count);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        String text = others.isEmbedding()
                ? "{\"model\":\"" + ADAPTER + "\",\"input\":\"the cat purrs\"}"
                : "{\"model\":\"" + ADAPTER + "\",\"prompt\":\"the cat\",\"max_tokens\":8,\"temperature\":0}";
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        List<Long> nanos = new ArrayList<>();
        while (System.nanoTime() < end) {
            long begin = System.nanoTime();
            int status = send(address + others.path(), body);
            nanos.add(System.nanoTime() - begin);
            if (status != 200) {
                throw new IllegalStateException("a short request must be answered, found the status " + status);
            }
            Thread.sleep(PAUSE_MILLIS);
        }
        Map<Integer, Long> counts = new TreeMap<>();
        if (sender != null) {
            sender.getOutputStream().close();
            for (String line : sender.inputReader().lines().toList()) {
                String[] parts = line.split(" ", 2);
                counts.put(Integer.valueOf(parts[0]), Long.valueOf(parts[1]));
            }
        }
        long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
        return new Result(sorted[sorted.length / 2] / 1e6, sorted[(int) (sorted.length * 0.99)] / 1e6, counts);
    }

    /** Starts the process of the others, and returns when all of them have begun. */
    private Process startOthers(String address, HostileRequests others, int count) throws IOException {
        Process process = new ProcessBuilder(
                        "nice",
                        "-n",
                        "19",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx512m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        NeighbourBench.class.getName(),
                        OTHERS,
                        address,
                        others.name(),
                        String.valueOf(count),
                        String.valueOf(number.getAndAdd(NUMBERS)))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.inputReader().readLine();
        return process;
    }

    /** Sends requests in so many threads until the standard input ends, and prints how many answers had which status. */
    private static void sendOthers(String address, HostileRequests others, int count, int first) throws Exception {
        Map<Integer, LongAdder> statuses = new ConcurrentHashMap<>();
        AtomicInteger number = new AtomicInteger(first);
        AtomicBoolean goesOn = new AtomicBoolean(true);
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Thread thread = new Thread(() -> {
                while (goesOn.get()) {
                    byte[] body = others.body(number.incrementAndGet()).getBytes(StandardCharsets.UTF_8);
                    int status = send(address + others.path(), body);
                    statuses.computeIfAbsent(status, key -> new LongAdder()).increment();
                }
            });
            threads.add(thread);
            thread.start();
        }
        Thread.sleep(START_MILLIS);
        print("all have begun");
        long unused = System.in.transferTo(OutputStream.nullOutputStream());
        goesOn.set(false);
        for (Thread thread : threads) {
            thread.join();
        }
        statuses.forEach((status, answers) -> print("%d %d", status, answers.sum()));
    }

    /** Sends a body, and returns the status of the answer; 0 if the connection ends without one. */
    private static int send(String address, byte[] body) {
        try {
            HttpURLConnection connection = (HttpURLConnection) new URL(address).openConnection();
            connection.setRequestMethod("POST");
            connection.setRequestProperty("Content-Type", "application/json");
            connection.setDoOutput(true);
            connection.setFixedLengthStreamingMode(body.length);
            try (OutputStream out = connection.getOutputStream()) {
                out.write(body);
            }
            int status = connection.getResponseCode();
            try (InputStream in = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
                in.readAllBytes();
            }
            return status;
        } catch (IOException e) {
            return 0;
        }
    }
}
