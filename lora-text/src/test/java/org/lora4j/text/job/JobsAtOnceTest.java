package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.CompleteEncoder;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextModel;

/** Small jobs train at once, and nothing that happens to one of them changes another. */
@MustEnd
class JobsAtOnceTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir
    private static Path models;

    private static TextModel encoder;

    @TempDir
    private Path temp;

    @BeforeAll
    static void open() throws IOException {
        encoder = TextModel.open(
                ModelSource.of(CompleteEncoder.write(models.resolve("encoder")).folder()),
                BaseStorage.of(Precision.FLOAT));
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private TrainingService.Builder builder(String folder, int atOnce) {
        return TrainingService.builder(encoder, temp.resolve(folder))
                .adapters(adapters(folder), name -> {})
                .checkpointEvery(Duration.ofMillis(50))
                .atOnce(atOnce);
    }

    private Path adapters(String folder) {
        return temp.resolve(folder + "-adapters");
    }

    private Path rows(String name, String header, int count, IntFunction<String> row) throws IOException {
        return Files.writeString(
                temp.resolve(name),
                header + "\n" + IntStream.range(0, count).mapToObj(row).collect(Collectors.joining("\n")) + "\n");
    }

    private Path topics(int rows) throws IOException {
        return rows(
                "topics-" + rows + ".csv",
                "text,label",
                rows,
                i -> (i % 2 == 0 ? "my parcel " : "where is ") + "w" + i + (i % 2 == 0 ? ",cats" : ",ships"));
    }

    private JobRequest.Builder request(String adapter, String owner, int epochs) throws IOException {
        return JobRequest.of(JobMethod.CLASSIFY, owner, topics(60))
                .validation(topics(24))
                .hyperparameters(new Hyperparameters(epochs, 8, null, null))
                .seed(adapter.hashCode())
                .adapter(adapter);
    }

    /** Jobs of several methods, sizes and seeds. */
    private List<JobRequest> different() throws IOException {
        Path numbers = rows("numbers.csv", "text,number", 40, i -> "my parcel w" + i + "," + i / 10.0);
        return List.of(
                request("steps", "a", 3).build(),
                request("other-seed", "a", 3).seed(99).build(),
                JobRequest.of(JobMethod.CLASSIFY, "b", topics(12))
                        .adapter("pairs")
                        .seed(3)
                        .build(),
                JobRequest.of(JobMethod.NUMBER, "c", numbers)
                        .validation(numbers)
                        .hyperparameters(new Hyperparameters(5, 4, 2.0, null))
                        .adapter("numbers")
                        .seed(4)
                        .build());
    }

    private static void end(Job job, JobState state) throws InterruptedException {
        assertThat(job.await(LONG))
                .as(() -> job + ": " + job.error().orElse(null))
                .isEqualTo(state);
    }

    private static List<Job> submit(TrainingService trainings, List<JobRequest> requests) throws IOException {
        List<Job> jobs = new ArrayList<>();
        for (JobRequest request : requests) {
            jobs.add(trainings.submit(request));
        }
        return jobs;
    }

    private void assertSame(String folder, String other, String adapter) throws IOException {
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json", "task.json")) {
            assertThat(adapters(folder).resolve(adapter).resolve(file))
                    .hasSameBinaryContentAs(adapters(other).resolve(adapter).resolve(file));
        }
    }

    @Test
    void jobsAtOnceEndWithTheBytesOfOneAfterTheOther() throws Exception {
        try (TrainingService trainings = builder("alone", 1).build()) {
            List<Job> jobs = submit(trainings, different());
            int most = 0;
            for (Job job : jobs) {
                while (!job.await(Duration.ofMillis(1)).isEnd()) {
                    most = Math.max(most, trainings.running().size());
                }
                end(job, JobState.SUCCEEDED);
            }
            assertThat(most).isEqualTo(1);
        }
        AtomicBoolean waits = new AtomicBoolean(true);
        try (TrainingService trainings =
                builder("at-once", 4).serving(waits::get).share(1e-6).build()) {
            List<Job> jobs = submit(trainings, different());
            Patience.await(() -> trainings.running().size() == 4);
            waits.set(false);
            for (Job job : jobs) {
                end(job, JobState.SUCCEEDED);
                assertSame("at-once", "alone", job.adapter());
            }
            assertThat(trainings.running()).isEmpty();
        }
    }

    /** Others fail, pause, are cancelled or stop with the service. */
    @Test
    void whatHappensToOneChangesNoOther() throws Exception {
        try (TrainingService trainings = builder("alone", 1).build()) {
            end(trainings.submit(request("first", "a", 12).build()), JobState.SUCCEEDED);
            end(trainings.submit(request("second", "a", 12).build()), JobState.SUCCEEDED);
        }
        try (TrainingService trainings = builder("at-once", 4).build()) {
            Job first = trainings.submit(request("first", "a", 12).build());
            Job second = trainings.submit(request("second", "b", 12).build());
            Job wild = trainings.submit(request("wild", "c", 12)
                    .hyperparameters(new Hyperparameters(12, 8, 1e35, null))
                    .build());
            Job left = trainings.submit(request("left", "d", 10_000).build());
            Patience.await(() -> left.step() > 0 && second.step() > 0);
            second.pause();
            Patience.await(() -> second.state() == JobState.PAUSED);
            left.cancel();
            end(left, JobState.CANCELLED);
            end(wild, JobState.FAILED);
            assertThat(wild.error().orElseThrow().code()).isEqualTo("diverged");
            second.resume();
            Patience.await(
                    () -> second.state() == JobState.RUNNING || second.state().isEnd());
            assertThat(first.state()).isIn(JobState.RUNNING, JobState.SUCCEEDED);
        }
        try (TrainingService trainings = builder("at-once", 4).build()) {
            for (Job job : trainings.jobs()) {
                if (List.of("first", "second").contains(job.adapter())) {
                    end(job, JobState.SUCCEEDED);
                    assertSame("at-once", "alone", job.adapter());
                }
            }
            assertThat(adapters("at-once").resolve("left")).doesNotExist();
            assertThat(adapters("at-once").resolve("wild")).doesNotExist();
        }
    }

    private static @Nullable Job running(TrainingService trainings, int count) {
        List<Job> running = trainings.running();
        return running.size() == count ? running.get(0) : null;
    }

    @Test
    void aLargeJobTrainsAlone() throws Exception {
        try (TrainingService trainings = builder("jobs", 2).build()) {
            Job small = trainings.submit(request("small", "a", 10_000).build());
            Patience.await(() -> small.state() == JobState.RUNNING);
            Job large = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "b", topics(20_000))
                    .adapter("large")
                    .build());
            Patience.await(() -> large.state() == JobState.QUEUED);
            // One that comes later does not overtake it.
            Job later = trainings.submit(request("later", "b", 10_000).build());
            Patience.await(() -> later.state() == JobState.QUEUED);
            assertThat(running(trainings, 1)).isEqualTo(small);
            small.cancel();
            Patience.await(() -> large.state() == JobState.RUNNING);
            assertThat(running(trainings, 1)).isEqualTo(large);
            large.cancel();
            Patience.await(() -> later.state() == JobState.RUNNING);
            later.cancel();
        }
    }

    /** The second one is compared with what the first one has put there. */
    @Test
    void jobsThatWantOneNameTrainOneAfterTheOther() throws Exception {
        try (TrainingService trainings = builder("jobs", 2).build()) {
            Job first = trainings.submit(request("first", "a", 10)
                    .serveAs("topics", Promotion.ALWAYS)
                    .build());
            Job second = trainings.submit(request("second", "b", 10)
                    .serveAs("Topics", Promotion.NEVER)
                    .build());
            while (!second.await(Duration.ofMillis(1)).isEnd()) {
                assertThat(trainings.running()).hasSizeLessThan(2);
            }
            assertThat(first.state()).isEqualTo(JobState.SUCCEEDED);
            assertThat(second.state()).isEqualTo(JobState.SUCCEEDED);
        }
    }

    /** An owner of whom a job trains comes after one of whom none does. */
    @Test
    void ownersShareTheThreads() throws Exception {
        try (TrainingService trainings = builder("jobs", 2).build()) {
            Job large = trainings.submit(JobRequest.of(JobMethod.CLASSIFY, "c", topics(20_000))
                    .adapter("large")
                    .build());
            Patience.await(() -> large.state() == JobState.RUNNING);
            List<Job> waiting = new ArrayList<>();
            for (String adapter : List.of("one", "two", "three")) {
                waiting.add(trainings.submit(request(adapter, "a", 10_000).build()));
            }
            waiting.add(trainings.submit(request("four", "b", 10_000).build()));
            Patience.await(() -> waiting.stream().allMatch(job -> job.state() == JobState.QUEUED));
            large.cancel();
            Patience.await(() -> trainings.running().size() == 2);
            assertThat(trainings.running()).extracting(Job::owner).containsExactlyInAnyOrder("a", "b");
            for (Job job : waiting) {
                job.cancel();
            }
        }
    }

    @Test
    void atLeastOneJobTrains() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> builder("jobs", 0))
                .withMessageContaining("atOnce must be at least 1, found 0");
    }
}
