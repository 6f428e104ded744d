package org.lora4j.cli.serve;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.lora4j.cli.serve.files.FileStore;
import org.lora4j.cli.serve.files.StoredFile;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobState;
import org.lora4j.text.job.TrainingService;

/**
 * The metrics of jobs that have succeeded, as files of their owners. They lie with their jobs, and take nothing of what an owner may have.
 */
final class ResultFiles {
    private final TrainingService trainings;

    ResultFiles(TrainingService trainings) {
        this.trainings = trainings;
    }

    /** Returns the file of a job; empty if it has none. */
    static Optional<StoredFile> of(Job job) {
        Instant end = job.finished().orElse(null);
        Path metrics = job.metricsFile().orElse(null);
        if (job.state() != JobState.SUCCEEDED || end == null || metrics == null) {
            return Optional.empty();
        }
        String id = FileStore.id(end.toEpochMilli(), FineTunedName.digits(job.id()));
        try {
            return Optional.of(new StoredFile(
                    id,
                    job.owner(),
                    "results.csv",
                    "fine-tune-results",
                    Files.size(metrics),
                    end.getEpochSecond(),
                    null));
        } catch (IOException e) {
            throw new UncheckedIOException(job.id() + ": the metrics cannot be read", e);
        }
    }

    /** Returns the files of an owner. */
    List<StoredFile> list(String owner) {
        return trainings.jobs().stream()
                .filter(job -> job.owner().equals(owner))
                .flatMap(job -> of(job).stream())
                .toList();
    }

    /** Finds a file. */
    Optional<StoredFile> find(String owner, String id) {
        return job(owner, id).flatMap(ResultFiles::of);
    }

    /** Returns where the bytes of a file are; empty if it is none of these. */
    Optional<Path> content(StoredFile file) {
        return job(file.owner(), file.id()).flatMap(Job::metricsFile);
    }

    /** The id says the job. */
    private Optional<Job> job(String owner, String id) {
        return FileStore.name(id)
                .map(FineTunedName::ofDigits)
                .flatMap(trainings::job)
                .filter(job -> job.owner().equals(owner))
                .filter(job -> of(job).filter(file -> file.id().equals(id)).isPresent());
    }
}
