package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.lora4j.fixtures.JavaCommand;
import org.lora4j.fixtures.Patience;

/** The command {@code serve} in a process of its own, which hostile clients may end. */
final class ServerProcess implements AutoCloseable {
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Patience.LIMIT)
            .build();
    private final Process process;
    private final Path log;
    private final String address;

    private ServerProcess(Process process, Path log, String address) {
        this.process = process;
        this.log = log;
        this.address = address;
    }

    static ServerProcess start(Path log, String heap, Object... options) throws IOException, InterruptedException {
        return start(log, List.of("-Xmx" + heap), options);
    }

    /** Its heap has all of its memory from the start on, so that what the memory of the process grows by is not the heap. */
    static ServerProcess startWithWholeHeap(Path log, String heap, Object... options)
            throws IOException, InterruptedException {
        return start(log, List.of("-Xms" + heap, "-Xmx" + heap, "-XX:+AlwaysPreTouch"), options);
    }

    private static ServerProcess start(Path log, List<String> heap, Object... options)
            throws IOException, InterruptedException {
        List<String> words =
                JavaCommand.of(Stream.concat(heap.stream(), Stream.of("org.lora4j.cli.Lora", "serve", "--port", "0"))
                        .toArray(String[]::new));
        Stream.of(options).map(String::valueOf).forEach(words::add);
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Patience.await(() -> text(log).contains("/v1\n") || !process.isAlive());
        String address = text(log).replaceAll("(?s).*serving \\d+ models? on (\\S+)/v1\n.*", "$1");
        return new ServerProcess(process, log, address);
    }

    private static String text(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    String address() {
        return address;
    }

    String log() {
        return text(log);
    }

    boolean isAlive() {
        return process.isAlive();
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(address + path))
                .header("Content-Type", "application/json")
                .timeout(Patience.LIMIT);
    }

    HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
        return client.send(request, HttpResponse.BodyHandlers.ofString());
    }

    /** Ends it as {@code kill -9} does. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Posts a body. */
    HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        return send(
                request(path).POST(HttpRequest.BodyPublishers.ofString(body)).build());
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(request(path).GET().build());
    }

    /** Returns a figure of the server. */
    double figure(String name) throws IOException, InterruptedException {
        return RunningServer.figure(get("/metrics").body(), name);
    }

    /** The resident memory of the process, in MiB: now ({@code VmRSS}) or at most ({@code VmHWM}); 0 where the system does not say. */
    long residentMib(String field) throws IOException {
        Path status = Path.of("/proc", String.valueOf(process.pid()), "status");
        return Files.exists(status)
                ? Files.readAllLines(status).stream()
                        .filter(line -> line.startsWith(field + ":"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                        .findFirst()
                        .orElse(0)
                : 0;
    }

    /** What lives in the heap, in MiB. It collects all garbage first. */
    double liveMib() throws IOException, InterruptedException {
        Path command = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        Process histogram = new ProcessBuilder(command.toString(), String.valueOf(process.pid()), "GC.class_histogram")
                .redirectErrorStream(true)
                .start();
        String printed = new String(histogram.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(histogram.waitFor()).as(printed).isZero();
        String bytes = printed.replaceAll("(?s).*\\nTotal +\\d+ +(\\d+).*", "$1");
        return Long.parseLong(bytes) / (double) (1 << 20);
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(Patience.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
