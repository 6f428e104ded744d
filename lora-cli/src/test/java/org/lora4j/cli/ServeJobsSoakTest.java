package org.lora4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Clients that upload, train, cancel, delete and ask at random, each with a key of its own, beside clients that only ask. An adapter must
 * answer as its content does: what each training must learn is known from before. {@code -Djobs.soak.seconds=3600} takes longer than the
 * default; the figures are in {@code target/serve-jobs-soak.txt}.
 */
@Tag("slow")
class ServeJobsSoakTest {
    private static final long SECONDS = Long.getLong("jobs.soak.seconds", 12);
    private static final int KEYS = 4;

    /** The memory of a run that is long enough is compared from this second on. */
    private static final long STEADY = 1200;

    /** The heap of 1 GiB, and the native libraries. */
    private static final long MOST_MIB = 1900;

    private static final double MOST_GROWTH = 1.05;

    /** Thousands of jobs have ended meanwhile, and are listed. */
    private static final double MOST_MORE_LIVE = 32;

    @TempDir
    private Path temp;

    private final SoakClients clients = new SoakClients(SECONDS);
    private final Queue<String> samples = new ConcurrentLinkedQueue<>();
    private final List<Long> steady = new ArrayList<>();
    private final List<Double> live = new ArrayList<>();

    @Test
    void everyAdapterAnswersAsItsContent() throws Exception {
        Path model = SmallModels.llama(temp.resolve("llama"), 1);
        Path adapters = temp.resolve("adapters");
        RandomAdapters.write(adapters.resolve("style"), "model.layers", "self_attn.q_proj", 1);
        List<String> keys = new ArrayList<>();
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < KEYS; i++) {
            keys.add("key-of-the-client-" + i);
            lines.append(keys.get(i) + " name=client" + i + " train=yes *\n");
        }
        Path file = Files.writeString(temp.resolve("keys"), lines);
        try (ServerProcess server = ServerProcess.startWithWholeHeap(
                temp.resolve("log"),
                "1g",
                "--model",
                model,
                "--adapters",
                adapters,
                "--allow-base",
                "--train",
                temp.resolve("training"),
                "--api-key-file",
                file,
                "--max-jobs",
                JobsSoakClient.MOST_JOBS,
                "--max-files",
                JobsSoakClient.MOST_FILES,
                "--reload",
                1,
                "--grace",
                1)) {
            JobsSoakClient.Known known = new JobsSoakClient.Known();
            Map<JobsSoakClient.Content, String> contents = known.answers();
            JobsSoakClient teacher = new JobsSoakClient(server, keys.get(0), 0, known, clients);
            for (JobsSoakClient.Content content : JobsSoakClient.Content.all()) {
                contents.put(content, teacher.learn(content));
            }
            // Otherwise a wrong answer would look like a right one.
            assertThat(new LinkedHashSet<>(contents.values())).hasSize(contents.size());
            for (String name : List.of("style", "llama")) {
                String expected = teacher.answer(name);
                assertThat(contents.values()).doesNotContain(expected);
                clients.start("asks " + name, random -> {
                    long begin = System.nanoTime();
                    assertThat(teacher.answer(name)).as(name).isEqualTo(expected);
                    clients.took("answer of " + name, begin);
                    clients.count("right answers of " + name);
                    Thread.sleep(random.nextInt(20));
                });
            }
            for (int i = 0; i < KEYS; i++) {
                JobsSoakClient client = new JobsSoakClient(server, keys.get(i), i, known, clients);
                clients.start("client " + i, client::act);
            }
            long begin = System.nanoTime();
            clients.start("memory", random -> sample(server, keys.get(0), (System.nanoTime() - begin) / 1_000_000_000));
            clients.join();
            long most = server.residentMib("VmHWM");
            live.add(server.liveMib());
            Files.writeString(
                    Path.of("target", "serve-jobs-soak.txt"),
                    "seconds: " + SECONDS + "\n" + clients.report() + "resident at most, MiB: " + most
                            + "\nlive in the heap, MiB: " + live + "\n" + String.join("\n", samples) + "\n");
            assertThat(clients.faults()).isEmpty();
            assertThat(clients.counts()).containsKeys("right answers of style", "right answers of llama");
            assertThat(server.isAlive()).as(server.log()).isTrue();
            assertThat(server.log()).doesNotContain("ERROR", "OutOfMemory", "panic");
            assertThat(most).isLessThan(MOST_MIB);
            int part = steady.size() / 3;
            if (part >= 5) {
                long first = steady.subList(0, part).stream()
                        .mapToLong(Long::longValue)
                        .max()
                        .orElseThrow();
                assertThat(steady.subList(steady.size() - part, steady.size()))
                        .as("resident memory after 20 minutes: " + steady)
                        .allMatch(mib -> mib < first * MOST_GROWTH);
                assertThat(live.get(1))
                        .as("live in the heap after 20 minutes: " + live)
                        .isLessThan(live.get(0) + MOST_MORE_LIVE);
            }
        }
    }

    /** A line for the memory over the time. */
    private void sample(ServerProcess server, String key, long second) throws Exception {
        long resident = server.residentMib("VmRSS");
        if (second >= STEADY) {
            steady.add(resident);
            if (live.isEmpty()) {
                live.add(server.liveMib());
            }
        }
        HttpResponse<String> metrics = server.send(server.request("/metrics")
                .header("Authorization", "Bearer " + key)
                .GET()
                .build());
        samples.add("second " + second + ": resident, MiB: " + resident
                + metrics.body()
                        .lines()
                        .filter(line -> line.startsWith("lora_training_jobs") || line.startsWith("lora_files_"))
                        .collect(Collectors.joining(", ", "; ", "")));
        for (long i = 0; i < Math.max(1, SECONDS / 60) && clients.goOn(); i++) {
            Thread.sleep(1000);
        }
    }
}
