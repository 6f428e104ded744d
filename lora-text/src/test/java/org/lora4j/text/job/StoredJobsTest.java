package org.lora4j.text.job;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.fixtures.MustEnd;
import org.lora4j.fixtures.Patience;
import org.lora4j.fixtures.SmallReranker;
import org.lora4j.io.ModelSource;
import org.lora4j.linalg.Precision;
import org.lora4j.nn.BaseStorage;
import org.lora4j.text.TextModel;

/** The jobs of a folder, beside the service that trains there and without one. */
@MustEnd
class StoredJobsTest {
    private static final Duration LONG = Duration.ofMinutes(2);

    @TempDir
    private static Path models;

    private static TextModel decoder;

    @TempDir
    private Path temp;

    private Path jobs;
    private Path adapters;

    @BeforeAll
    static void open() throws IOException {
        decoder = TextModel.open(
                ModelSource.of(SmallReranker.write(models.resolve("decoder"))), BaseStorage.of(Precision.FLOAT));
    }

    @BeforeEach
    void nameFolders() {
        jobs = temp.resolve("jobs");
        adapters = temp.resolve("adapters");
    }

    @AfterAll
    static void close() {
        decoder.close();
    }

    private TrainingService service() throws IOException {
        return TrainingService.builder(decoder, jobs)
                .adapters(adapters, name -> {})
                .checkpointEvery(Duration.ofMillis(50))
                .build();
    }

    private JobRequest request(int rows, int epochs) throws IOException {
        Path data = Files.write(
                temp.resolve("rows.jsonl"),
                IntStream.range(0, rows)
                        .mapToObj(i -> "{\"prompt\": \"where is " + i + "\", \"completion\": \"blue " + i % 3 + "\"}")
                        .toList());
        return JobRequest.of(JobMethod.SUPERVISED, "acme", data)
                .hyperparameters(new Hyperparameters(epochs, 1, null, null))
                .serveAs("birds", Promotion.ALWAYS)
                .build();
    }

    private Job stored(Job job) throws IOException {
        return StoredJobs.readJob(jobs, job.id()).orElseThrow();
    }

    private static List<String> all(Job job) throws IOException {
        List<String> found = new ArrayList<>();
        @Nullable String last = null;
        List<JobEvent> page = job.eventsSince(null, 7);
        while (!page.isEmpty()) {
            page.forEach(event -> found.add(event.id()));
            last = found.get(found.size() - 1);
            page = job.eventsSince(last, 7);
        }
        return found;
    }

    @Test
    void jobsAreReadWhileAServiceTrainsThem() throws Exception {
        try (TrainingService trainings = service()) {
            Job job = trainings.submit(request(40, 20));
            Job other = trainings.submit(request(3, 1));
            Patience.await(() -> job.step() > 3 && stored(other).state() == JobState.QUEUED);

            assertThat(StoredJobs.read(jobs)).extracting(Job::id).containsExactly(other.id(), job.id());
            assertThat(stored(job).state()).isEqualTo(JobState.RUNNING);
            assertThat(stored(job).settings()).isEqualTo(job.settings());
            assertThat(stored(job).eventsSince(null, 100).get(0).message()).contains("Created");
            assertThat(StoredJobs.tryOpen(jobs)).isEmpty();
            assertThatIllegalStateException().isThrownBy(stored(job)::cancel).withMessageContaining("only read");
            assertThatIllegalStateException().isThrownBy(stored(other)::pause);
            assertThatIllegalStateException().isThrownBy(stored(other)::promote);
            assertThatIllegalStateException().isThrownBy(() -> stored(job).await(LONG));

            // What is being copied for a new job stays.
            Path copying = Files.createDirectory(jobs.resolve("ftjob-00"));
            assertThat(StoredJobs.read(jobs)).hasSize(2);
            assertThat(copying).exists();
            Files.delete(copying);
            job.cancel();
            assertThat(job.await(LONG)).isEqualTo(JobState.CANCELLED);
            assertThat(other.await(LONG)).isEqualTo(JobState.SUCCEEDED);
            assertThat(stored(other).state()).isEqualTo(JobState.SUCCEEDED);
        }
    }

    @Test
    void eventsFollowEachOther() throws Exception {
        try (TrainingService trainings = service()) {
            Job job = trainings.submit(request(5, 3));
            assertThat(job.await(LONG)).isEqualTo(JobState.SUCCEEDED);
            List<String> newestFirst = new ArrayList<>(
                    job.events(null, 100).stream().map(JobEvent::id).toList());
            Collections.reverse(newestFirst);
            assertThat(all(job)).isEqualTo(newestFirst).hasSizeGreaterThan(15);
            assertThatIllegalArgumentException().isThrownBy(() -> job.eventsSince("ftevent-x", 4));
            // A line that is being written is no event yet.
            Files.writeString(jobs.resolve(job.id()).resolve("events.jsonl"), "{\"id\":", StandardOpenOption.APPEND);
            assertThat(all(job)).isEqualTo(newestFirst);
        }
    }

    @Test
    void withoutAServiceJobsAreChangedAndTheNextOneGoesOnWithThem() throws Exception {
        List<Job> before = new ArrayList<>();
        try (TrainingService trainings = service()) {
            before.add(trainings.submit(request(3, 1)));
            assertThat(before.get(0).await(LONG)).isEqualTo(JobState.SUCCEEDED);
            for (int i = 0; i < 3; i++) {
                before.add(trainings.submit(request(20, 4)));
            }
            Patience.await(() -> before.get(1).step() > 3);
        }
        assertThatIllegalStateException().isThrownBy(before.get(2)::cancel).withMessageContaining("closed");
        assertThat(adapters.resolve("birds")).isDirectory();
        try (StoredJobs found = StoredJobs.tryOpen(jobs, adapters).orElseThrow()) {
            assertThatIOException().isThrownBy(this::service).withMessageContaining("one service");
            assertThat(found.jobs()).hasSize(4);
            found.job(before.get(1).id()).orElseThrow().cancel();
            found.job(before.get(2).id()).orElseThrow().pause();
            Job first = found.job(before.get(0).id()).orElseThrow();
            first.rollback();
            assertThat(adapters.resolve("birds")).doesNotExist();
            first.promote();
            assertThat(adapters.resolve("birds")).isDirectory();
            first.rollback();
            assertThat(found.job("ftjob-0")).isEmpty();
        }
        assertThat(jobs.resolve(before.get(1).id()).resolve("checkpoint.safetensors"))
                .doesNotExist();
        try (TrainingService trainings = service()) {
            assertThat(trainings.job(before.get(1).id()).orElseThrow().state()).isEqualTo(JobState.CANCELLED);
            Job last = trainings.job(before.get(3).id()).orElseThrow();
            assertThat(last.await(LONG)).isEqualTo(JobState.SUCCEEDED);
            assertThat(last.isPromoted()).isTrue();
            assertThat(stored(before.get(2)).state()).isEqualTo(JobState.PAUSED);
        }
        try (StoredJobs found = StoredJobs.tryOpen(jobs).orElseThrow()) {
            Job paused = found.job(before.get(2).id()).orElseThrow();
            paused.resume();
            assertThat(paused.state()).isIn(JobState.QUEUED, JobState.VALIDATING);
            assertThatIllegalStateException()
                    .isThrownBy(found.job(before.get(3).id()).orElseThrow()::rollback);
        }
        try (TrainingService trainings = service()) {
            assertThat(trainings.job(before.get(2).id()).orElseThrow().await(LONG))
                    .isEqualTo(JobState.SUCCEEDED);
        }
    }

    @Test
    void aFolderWithoutJobsHasNone() throws IOException {
        assertThat(StoredJobs.read(temp)).isEmpty();
        for (String id : List.of("ftjob-ab", "../jobs", "", "ftjob-", "ftjob-../x")) {
            assertThat(StoredJobs.readJob(temp, id)).isEmpty();
        }
        assertThatIOException().isThrownBy(() -> StoredJobs.read(temp.resolve("none")));
    }
}
