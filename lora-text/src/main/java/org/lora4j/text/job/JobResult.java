package org.lora4j.text.job;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.StrictJson;
import org.lora4j.io.internal.AtomicFile;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.task.Task;
import org.lora4j.text.task.TaskFile;

/** What a job trained: how it compares with what is there, and its files. */
final class JobResult<E> {
    private static final String CURRENT = "current";

    private final Job job;
    private final JobTask<E> task;
    private final JobData<E> data;
    private final JobTraining<E> training;
    private final TrainingGate gate;
    private boolean isComparable = true;

    JobResult(Job job, JobTask<E> task, JobData<E> data, JobTraining<E> training, TrainingGate gate) {
        this.job = job;
        this.task = task;
        this.data = data;
        this.training = training;
        this.gate = gate;
    }

    long tokens() {
        return training.tokens();
    }

    /**
     * Compares the adapter on the rows that judge.
     *
     * @param current the folder of the adapter that has the second name now; null if none has it
     */
    List<JobComparison> compare(@Nullable Path current) throws IOException {
        if (data.judging().isEmpty()) {
            job.event(JobEvent.Level.INFO, "Nothing was compared, because there is no validation");
            return List.of();
        }
        List<E> judging = gate.through(data.judging());
        Scores own = task.scores(training.adapter(), training.trainable().task(), judging);
        List<JobComparison> found = new ArrayList<>();
        found.add(training.compare(task.baseline(), own, task.baseline(judging)));
        if (current != null) {
            ofCurrent(current, judging)
                    .ifPresent(scores -> found.add(training.compare("the adapter that is served now", own, scores)));
        }
        for (JobComparison one : found) {
            job.event(JobEvent.Level.INFO, text(one));
        }
        return found;
    }

    private Optional<Scores> ofCurrent(Path current, List<E> judging) throws IOException {
        try {
            SavedAdapter saved = SavedAdapter.read(current);
            Task trained = training.trainable().task();
            if (saved.task().isEmpty() && trained.classes().isPresent()) {
                throw new IllegalArgumentException(
                        "its labels must stand in " + TaskFile.NAME + ", found no such file in " + current);
            }
            Task own = saved.task().orElse(trained);
            task.requireComparable(own, trained);
            return Optional.of(task.scores(training.add(CURRENT, saved), own, judging));
        } catch (IOException | IllegalArgumentException e) {
            isComparable = false;
            job.event(JobEvent.Level.WARN, "The adapter that is served now cannot be compared: " + e.getMessage());
            return Optional.empty();
        }
    }

    private static String text(JobComparison one) {
        return String.format(
                Locale.ROOT,
                "%s on %d rows: %.4f, %s %.4f; better by %.4f (95 %%: %.4f to %.4f)",
                one.metric(),
                one.rows(),
                one.adapter(),
                one.with(),
                one.other(),
                one.difference().difference(),
                one.difference().low(),
                one.difference().high());
    }

    /** Whether the adapter takes the second name. */
    boolean takesName(List<JobComparison> comparisons) throws IOException {
        switch (job.promotion()) {
            case ALWAYS -> {
                return true;
            }
            case NEVER -> {
                return false;
            }
            case IF_BETTER -> {
                boolean isBetter = isComparable
                        && !comparisons.isEmpty()
                        && comparisons.stream().allMatch(one -> one.difference().isBetter());
                if (!isBetter) {
                    job.event(
                            JobEvent.Level.WARN,
                            "The rows do not show that the adapter is better, so it does not take the name "
                                    + job.request().serveAs());
                }
                return isBetter;
            }
        }
        throw new AssertionError(job.promotion());
    }

    /** Returns the adapter at the end as a checkpoint; empty if there was no step. */
    Optional<StoredJob.Checkpoint> lastCheckpoint(@Nullable String name) {
        return training.last()
                .map(last -> new StoredJob.Checkpoint(
                        last.iteration(),
                        System.currentTimeMillis(),
                        last.runningLoss(),
                        training.lastValidation(),
                        name));
    }

    /** Writes the adapter into the folder of the job. */
    void write(List<JobComparison> comparisons) throws IOException {
        JobFolder.deleteAll(job.folder().adapter());
        write(job, training, job.folder().adapter(), comparisons);
    }

    /** Writes the adapter, what it is for, and where it comes from. */
    static void write(Job job, JobTraining<?> training, Path folder, List<JobComparison> comparisons)
            throws IOException {
        Files.createDirectories(folder);
        training.adapter().save(folder);
        TaskFile.write(training.trainable().task(), folder);
        StoredJob.Request request = job.request();
        ObjectNode lineage = StrictJson.MAPPER
                .createObjectNode()
                .put("job", request.id())
                .put("method", request.method().text())
                .put("base", job.progress().base())
                .put("seed", request.seed());
        lineage.set("training", StrictJson.MAPPER.valueToTree(request.training()));
        lineage.set("validation", StrictJson.MAPPER.valueToTree(request.validation()));
        lineage.set("adapter", StrictJson.MAPPER.valueToTree(request.config()));
        lineage.set(
                "settings",
                StrictJson.MAPPER.valueToTree(
                        Objects.requireNonNull(job.progress().used(), "settings must be known")));
        lineage.set("comparisons", StrictJson.MAPPER.valueToTree(comparisons));
        AtomicFile.write(
                folder.resolve(Publication.LINEAGE),
                StrictJson.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(lineage));
    }
}
