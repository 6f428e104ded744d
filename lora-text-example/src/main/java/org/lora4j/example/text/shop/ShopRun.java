package org.lora4j.example.text.shop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.report.SameBits;
import org.lora4j.console.report.TextOutput;
import org.lora4j.example.text.MiniLm;
import org.lora4j.example.text.Rows;
import org.lora4j.nn.Network;
import org.lora4j.serve.RequestOptions;
import org.lora4j.text.EncoderFolder;
import org.lora4j.text.TextService;
import org.lora4j.text.data.LabelledText;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobMethod;
import org.lora4j.text.job.JobRequest;
import org.lora4j.text.job.JobState;
import org.lora4j.text.job.Promotion;
import org.lora4j.text.job.TrainingService;
import org.lora4j.text.metrics.PairedDifference;
import org.lora4j.text.task.ClassScores;
import org.lora4j.text.task.Classify;

/**
 * A service for several shops. On each day, each shop corrects to which teams some messages go; at its end a job learns from all corrections so
 * far, while clients ask.
 *
 * @param tenants the number of shops
 * @param days the number of days
 * @param corrections the number of messages that a shop corrects on a day
 * @param tested the number of messages of the test of each shop
 * @param clients the number of clients
 * @param quietSeconds the seconds of each day in which nothing trains
 * @param seed the seed of all random choices
 */
record ShopRun(int tenants, int days, int corrections, int tested, int clients, int quietSeconds, long seed) {
    /** The share of the time that trainings have while requests run. */
    private static final double SHARE = 0.35;

    private static final String MODEL = "minilm";
    private static final Duration LONGEST = Duration.ofHours(10);

    /** So many messages of a test are asked in a request. */
    private static final int AT_ONCE = 50;

    /** A shop, with all of its corrections and its test. */
    private record Shop(
            String name,
            List<LabelledText> corrections,
            List<LabelledText> test,
            FrozenClassifier frozen,
            List<ShopReport.Day> days) {
        List<String> texts() {
            return test.stream().map(LabelledText::text).toList();
        }
    }

    /** Which messages of all tests are right. */
    private record Right(List<Double> adapters, List<Double> frozen) {}

    /**
     * Runs the story, and writes the files.
     *
     * @param folder the output folder
     * @param settings the options of the run, for the report
     * @param out where the steps are printed
     * @throws IOException if a file cannot be read or written
     * @throws InterruptedException if the thread is interrupted
     * @throws IllegalStateException if something is not the same that must be; the report is written before
     */
    void run(RunFolder folder, Map<String, @Nullable Object> settings, TextOutput out)
            throws IOException, InterruptedException {
        long start = System.nanoTime();
        out.line("A service trains the adapters of %d shops while %d clients ask", tenants, clients);
        Path adapters = Files.createDirectories(folder.path().resolve("adapters"));
        Path model = folder.path().resolve(MODEL);
        AtomicReference<@Nullable Traffic> asking = new AtomicReference<>();
        try (EncoderFolder encoder = EncoderFolder.open(folder.write("the model " + model, () -> MiniLm.write(model)));
                TextService service =
                        TextService.builder(encoder).adapters(adapters).build()) {
            folder.add("model", MODEL + "/model.safetensors");
            Network base = service.adapted().network();
            Network copy = base.copy();
            List<Shop> shops = shops(encoder, folder.path());
            Right last = new Right(List.of(), List.of());
            Map<String, List<ClassScores>> first = new LinkedHashMap<>();
            double jobSeconds = 0;
            try (TrainingService trainings = TrainingService.builder(
                                    encoder, folder.path().resolve("jobs"))
                            .adapters(adapters, service::refresh)
                            .serving(() -> {
                                Traffic traffic = asking.get();
                                return traffic != null && traffic.isRunning();
                            })
                            .share(SHARE)
                            .build();
                    Traffic traffic = new Traffic(service, probes(shops), clients)) {
                asking.set(traffic);
                List<Job> jobs = List.of();
                for (int day = 0; day < days; day++) {
                    if (day > 0) {
                        traffic.enter(Traffic.Phase.QUIET);
                        TimeUnit.SECONDS.sleep(quietSeconds);
                        traffic.enter(Traffic.Phase.TRAINING);
                    }
                    long evening = System.nanoTime();
                    jobs = submit(trainings, shops, day, folder.path());
                    for (Job job : jobs) {
                        require(job);
                        traffic.serve(job.owner());
                    }
                    jobSeconds += (System.nanoTime() - evening) / 1e9;
                    traffic.enter(null);
                    traffic.pause();
                    last = measure(service, shops, day, first);
                    shops.forEach(shop -> traffic.serve(shop.name()));
                    print(out, shops, day, (System.nanoTime() - evening) / 1e9);
                }
                traffic.pause();
                ShopReport report = new ShopReport(
                        settings,
                        shops.stream()
                                .map(shop -> new ShopReport.Tenant(
                                        shop.name(), shop.frozen().teams(), List.copyOf(shop.days())))
                                .toList(),
                        PairedDifference.ofShares(last.adapters(), last.frozen()),
                        traffic.requests(Traffic.Phase.QUIET),
                        traffic.requests(Traffic.Phase.TRAINING),
                        traffic.answers(),
                        kept(service, shops, first),
                        again(encoder, jobs.get(jobs.size() - 1), folder.path()),
                        jobSeconds,
                        SameBits.ofParameters(copy, base),
                        (System.nanoTime() - start) / 1e9,
                        folder.files());
                write(report, folder, out);
            }
        }
    }

    private List<Shop> shops(EncoderFolder encoder, Path folder) throws IOException {
        Messages messages = Messages.read();
        List<Shop> shops = new ArrayList<>();
        for (String name : messages.tenants().subList(0, tenants)) {
            List<LabelledText> all = messages.make(name, false, corrections * days, seed);
            List<LabelledText> test = messages.make(name, true, tested, seed + 1);
            write(test, folder.resolve("tests").resolve(name + ".jsonl"));
            shops.add(new Shop(name, all, test, FrozenClassifier.of(encoder, all, test), new ArrayList<>()));
        }
        return shops;
    }

    private static Map<String, List<String>> probes(List<Shop> shops) {
        Map<String, List<String>> probes = new LinkedHashMap<>();
        shops.forEach(shop -> probes.put(shop.name(), shop.texts()));
        return probes;
    }

    /** Submits a job for each shop, with all of its corrections up to this day. */
    private List<Job> submit(TrainingService trainings, List<Shop> shops, int day, Path folder) throws IOException {
        List<Job> jobs = new ArrayList<>();
        for (Shop shop : shops) {
            Path rows = write(
                    shop.corrections().subList(0, corrections * (day + 1)),
                    folder.resolve("corrections").resolve(shop.name() + ".jsonl"));
            jobs.add(trainings.submit(JobRequest.of(JobMethod.CLASSIFY, shop.name(), rows)
                    .adapter(adapter(shop, day))
                    .serveAs(shop.name(), Promotion.ALWAYS)
                    .seed(seed)
                    .build()));
        }
        return jobs;
    }

    private static Path write(List<LabelledText> messages, Path file) throws IOException {
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        return Rows.write(file, messages.stream().map(Rows::of));
    }

    private static void require(Job job) throws InterruptedException {
        if (job.await(LONGEST) != JobState.SUCCEEDED) {
            throw new IllegalStateException("the job of " + job.owner() + " must succeed, found " + job.state()
                    + job.error().map(error -> ": " + error.message()).orElse(""));
        }
    }

    /** Asks for the tests of all shops, and remembers the answers of the adapters of the day. */
    private Right measure(TextService service, List<Shop> shops, int day, Map<String, List<ClassScores>> first)
            throws InterruptedException {
        Right all = new Right(new ArrayList<>(), new ArrayList<>());
        for (Shop shop : shops) {
            List<ClassScores> scores = ask(service, shop, shop.name());
            first.put(adapter(shop, day), scores);
            List<Double> adapter = new ArrayList<>();
            for (int i = 0; i < tested; i++) {
                boolean isRight = scores.get(i).best().equals(shop.test().get(i).label());
                adapter.add(isRight ? 1.0 : 0.0);
            }
            List<Double> frozen = shop.frozen().right(corrections * (day + 1));
            shop.days().add(new ShopReport.Day(corrections * (day + 1), mean(adapter), mean(frozen)));
            all.adapters().addAll(adapter);
            all.frozen().addAll(frozen);
        }
        return all;
    }

    private List<ClassScores> ask(TextService service, Shop shop, String adapter) throws InterruptedException {
        List<String> texts = shop.texts();
        List<ClassScores> scores = new ArrayList<>();
        for (int from = 0; from < tested; from += AT_ONCE) {
            List<String> some = texts.subList(from, Math.min(tested, from + AT_ONCE));
            scores.addAll(service.answer(Classify.class, adapter, some, RequestOptions.defaults())
                    .values());
        }
        return scores;
    }

    /** Asks the adapters of all days again, under the names of their jobs. */
    private ShopReport.Kept kept(TextService service, List<Shop> shops, Map<String, List<ClassScores>> first)
            throws InterruptedException {
        int same = 0;
        for (Shop shop : shops) {
            for (int day = 0; day < days; day++) {
                String adapter = adapter(shop, day);
                same += ask(service, shop, adapter).equals(first.get(adapter)) ? 1 : 0;
            }
        }
        return new ShopReport.Kept(first.size(), same);
    }

    private static String adapter(Shop shop, int day) {
        return shop.name() + "-day-" + (day + 1);
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    private static void print(TextOutput out, List<Shop> shops, int day, double seconds) {
        out.section("Day %d: %.0f s for %d jobs", day + 1, seconds, shops.size());
        for (Shop shop : shops) {
            ShopReport.Day reached = shop.days().get(day);
            out.fact(
                    "%-10s %,5d corrections: adapter %.1f %%, frozen model %.1f %%",
                    shop.name(), reached.corrections(), 100 * reached.accuracy(), 100 * reached.frozen());
        }
    }

    /** Trains the data of a job again, alone. */
    private ShopReport.Again again(EncoderFolder encoder, Job job, Path folder)
            throws IOException, InterruptedException {
        try (TrainingService alone =
                TrainingService.builder(encoder, folder.resolve("again")).build()) {
            Job second = alone.submit(JobRequest.of(
                            JobMethod.CLASSIFY,
                            job.owner(),
                            folder.resolve("corrections").resolve(job.owner() + ".jsonl"))
                    .seed(seed)
                    .build());
            require(second);
            String file = "adapter_model.safetensors";
            return new ShopReport.Again(
                    job.owner(),
                    Files.mismatch(
                                    job.adapterFolder().orElseThrow().resolve(file),
                                    second.adapterFolder().orElseThrow().resolve(file))
                            < 0);
        }
    }

    private static void write(ShopReport report, RunFolder folder, TextOutput out) throws IOException {
        out.section("Requests");
        print(out, "nothing trains", report.quiet());
        print(out, "jobs train", report.training());
        out.section("What stayed the same");
        out.fact(
                "%d of %d adapters of all days answer with the same bits",
                report.kept().sameBits(), report.kept().adapters());
        out.fact(
                "%,d answers had an earlier one of the same adapter for the same message; they differ by at most %.0e",
                report.answers().compared(), report.answers().largestDifference());
        out.fact(
                "The last job of %s, trained again alone: %s",
                report.again().tenant(), report.again().sameBytes() ? "the same bytes" : "OTHER BYTES");
        out.check("Parameters of the model are unchanged", report.frozenUnchanged());
        folder.write("the report in " + folder.path(), () -> {
            report.write(folder.path());
            return report;
        });
        out.fact("%.0f s in all", report.seconds());
        out.files(folder.path(), report.files());
        if (!report.holds()) {
            throw new IllegalStateException(
                    "answers, adapters and the model must be the same; the report says what is not");
        }
    }

    private static void print(TextOutput out, String beside, ShopReport.@Nullable Requests requests) {
        if (requests != null) {
            out.fact(
                    "%-15s %,6d requests, %.0f in a second, median %.1f ms, p99 %.1f ms",
                    beside, requests.count(), requests.perSecond(), requests.medianMs(), requests.p99Ms());
        }
    }
}
