package org.lora4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.TextModel;
import org.lora4j.text.TextService;
import org.lora4j.text.job.Hyperparameters;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobMethod;
import org.lora4j.text.job.JobRequest;
import org.lora4j.text.job.TrainingService;
import org.lora4j.text.task.Classify;

/**
 * Measures requests to classify texts alone and while a job trains classes in the same process, in turn, and the steps of that training alone
 * and beside the requests. {@code src/bench/jobs} runs it.
 */
public final class JobsBench {
    private static final String ADAPTER = "served";
    private static final Duration LONG = Duration.ofHours(1);

    private final Map<String, Double> settings;
    private final Path folder = Files.createTempDirectory("jobs");
    private final AtomicInteger running = new AtomicInteger();
    private final String[] words =
            "the order of my parcel is late and broken please send a new one today thank you".split(" ");

    /** The times of requests in ms, requests and steps a second. */
    private record Phase(double median, double p99, double requests, double steps) {}

    private JobsBench(Map<String, Double> settings) throws IOException {
        this.settings = settings;
    }

    /**
     * Measures.
     *
     * @param args the folder of an encoder, then {@code clients=16}, {@code think=50} (ms between an answer and the next request of a
     *     client), {@code share=0.35}, {@code seconds=10}, {@code pairs=3}, {@code words=20}, {@code batch=16}
     */
    public static void main(String[] args) throws Exception {
        Map<String, Double> settings = new HashMap<>(Map.of(
                "clients", 16.0, "think", 50.0, "share", 0.35, "seconds", 10.0, "pairs", 3.0, "words", 20.0, "batch",
                16.0));
        for (String arg : Arrays.copyOfRange(args, 1, args.length)) {
            String[] parts = arg.split("=", 2);
            if (parts.length != 2 || settings.replace(parts[0], Double.valueOf(parts[1])) == null) {
                throw new IllegalArgumentException("arguments must be some of " + settings.keySet() + ", found " + arg);
            }
        }
        new JobsBench(settings).run(Path.of(args[0]));
    }

    private int of(String setting) {
        return settings.getOrDefault(setting, 0.0).intValue();
    }

    private String text(Random random) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < of("words"); i++) {
            text.append(words[random.nextInt(words.length)]).append(' ');
        }
        return text.toString();
    }

    private Path rows(int count) throws IOException {
        Random random = new Random(count);
        StringBuilder rows = new StringBuilder("text,label\n");
        for (int i = 0; i < count; i++) {
            rows.append(text(random)).append(i).append(i % 2 == 0 ? ",a\n" : ",b\n");
        }
        return Files.writeString(folder.resolve("rows-" + count + ".csv"), rows);
    }

    private JobRequest request(int rows, int epochs, String name) throws IOException {
        return JobRequest.of(JobMethod.CLASSIFY, "bench", rows(rows))
                .hyperparameters(new Hyperparameters(epochs, of("batch"), null, null))
                .adapter(name)
                .build();
    }

    private void run(Path model) throws Exception {
        Path adapters = Files.createDirectory(folder.resolve("adapters"));
        double share = settings.getOrDefault("share", 1.0);
        try (TextModel opened = TextModel.open(ModelSource.of(model), BaseStorage.of(Precision.FLOAT));
                TextService service =
                        TextService.builder(opened).adapters(adapters).build();
                TrainingService trainings = TrainingService.builder(opened, folder.resolve("jobs"))
                        .adapters(adapters, service::refresh)
                        .serving(() -> running.get() > 0)
                        .share(share)
                        .build()) {
            System.out.println(trainings.submit(request(64, 1, ADAPTER)).await(LONG));
            System.out.println(String.format(
                    Locale.ROOT,
                    "%s, %d processors, Java %s, %s",
                    LocalDate.now(ZoneOffset.UTC),
                    Runtime.getRuntime().availableProcessors(),
                    System.getProperty("java.version"),
                    settings));
            List<Phase> alone = new ArrayList<>();
            List<Phase> beside = new ArrayList<>();
            List<Phase> training = new ArrayList<>();
            for (int pair = -1; pair < of("pairs"); pair++) {
                Phase first = measure(service, of("clients"), null);
                Job job = trainings.submit(request(400, 1_000, "trained-" + (pair + 1)));
                while (job.step() < 3) {
                    Thread.sleep(10);
                }
                Phase second = measure(service, of("clients"), job);
                Phase third = measure(service, 0, job);
                job.cancel();
                System.out.println(job.await(LONG));
                if (pair >= 0) {
                    alone.add(first);
                    beside.add(second);
                    training.add(third);
                }
                System.out.println(first + "\n" + second + "\n" + third);
            }
            print(alone, beside, training);
        }
    }

    private static double middle(List<Double> values) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        return sorted.get(sorted.size() / 2);
    }

    private static void print(List<Phase> alone, List<Phase> beside, List<Phase> training) {
        List<Double> median = new ArrayList<>();
        List<Double> p99 = new ArrayList<>();
        List<Double> requests = new ArrayList<>();
        List<Double> steps = new ArrayList<>();
        for (int i = 0; i < alone.size(); i++) {
            median.add(beside.get(i).median / alone.get(i).median);
            p99.add(beside.get(i).p99 / alone.get(i).p99);
            requests.add(beside.get(i).requests / alone.get(i).requests);
            steps.add(beside.get(i).steps / training.get(i).steps);
        }
        System.out.println(String.format(
                Locale.ROOT,
                "ratios beside a training: median %.2f, p99 %.2f, requests %.2f; steps beside requests %.2f",
                middle(median),
                middle(p99),
                middle(requests),
                middle(steps)));
    }

    private Phase measure(TextService service, int clients, @Nullable Job job) throws Exception {
        long begin = System.nanoTime();
        long end = begin + of("seconds") * 1_000_000_000L;
        long step = job == null ? 0 : job.step();
        List<Long> nanos = Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < clients; i++) {
            Random random = new Random(i);
            Thread thread = new Thread(() -> ask(service, random, end, nanos));
            threads.add(thread);
            thread.start();
        }
        Thread.sleep(Math.max(0, (end - System.nanoTime()) / 1_000_000));
        double seconds = (System.nanoTime() - begin) / 1e9;
        long steps = job == null ? 0 : job.step() - step;
        for (Thread thread : threads) {
            thread.join();
        }
        long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
        return sorted.length == 0
                ? new Phase(0, 0, 0, steps / seconds)
                : new Phase(
                        sorted[sorted.length / 2] / 1e6,
                        sorted[(int) (sorted.length * 0.99)] / 1e6,
                        sorted.length / seconds,
                        steps / seconds);
    }

    private void ask(TextService service, Random random, long end, List<Long> nanos) {
        int think = of("think");
        try {
            while (System.nanoTime() < end) {
                long begin = System.nanoTime();
                running.incrementAndGet();
                try {
                    if (service.answer(Classify.class, ADAPTER, List.of(text(random)), RequestOptions.defaults())
                            .values()
                            .isEmpty()) {
                        throw new IllegalStateException("a request must be answered");
                    }
                } finally {
                    running.decrementAndGet();
                }
                nanos.add(System.nanoTime() - begin);
                Thread.sleep(think == 0 ? 0 : random.nextInt(2 * think));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
