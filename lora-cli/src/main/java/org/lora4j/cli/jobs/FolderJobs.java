package org.lora4j.cli.jobs;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.JobChange;
import org.lora4j.cli.serve.JobJson;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.StoredJobs;

/** The jobs of a folder. They can be read while a server uses it, and changed while none does. */
public final class FolderJobs implements JobSource {
    private final Path folder;
    private final @Nullable Path adapters;

    private FolderJobs(Path folder, @Nullable Path adapters) {
        this.folder = folder;
        this.adapters = adapters;
    }

    /**
     * Opens a folder.
     *
     * @param train the folder of {@code lora serve --train}, which has the jobs in {@code jobs} and adapters in {@code adapters}, or that of
     *     a {@code TrainingService}
     * @param adapters where adapters are served; null for where that folder has them
     * @return the jobs
     * @throws IOException if there is no such folder
     */
    public static FolderJobs of(Path train, @Nullable Path adapters) throws IOException {
        if (!Files.isDirectory(train)) {
            throw failure(train, "must be the folder of trainings, found none");
        }
        Path jobs = train.resolve("jobs");
        boolean isOfServer = Files.isDirectory(jobs);
        Path served = adapters == null && isOfServer ? train.resolve("adapters") : adapters;
        return new FolderJobs(isOfServer ? jobs : train, served);
    }

    private static IOException failure(Path folder, String problem) {
        return new FileSystemException(folder.toString(), null, problem);
    }

    @Override
    public List<JsonNode> jobs() throws IOException {
        return StoredJobs.read(folder).stream().<JsonNode>map(JobJson::job).toList();
    }

    @Override
    public JsonNode job(String id) throws IOException {
        return JobJson.job(read(id));
    }

    Job read(String id) throws IOException {
        return StoredJobs.readJob(folder, id).orElseThrow(() -> failure(folder, "there is no job " + id));
    }

    @Override
    public JsonNode change(String id, JobChange change) throws IOException {
        Job found = read(id);
        try (StoredJobs taken = take(change, found)
                .orElseThrow(() -> failure(
                        folder,
                        "jobs are changed by the server that uses the folder, found one that does; ask it with"
                                + " --server, or end it"))) {
            Job job = taken.job(id).orElseThrow(() -> failure(folder, "there is no job " + id));
            change.on(job);
            return JobJson.job(job);
        }
    }

    private Optional<StoredJobs> take(JobChange change, Job job) throws IOException {
        if (change != JobChange.PROMOTE && change != JobChange.ROLLBACK) {
            return StoredJobs.tryOpen(folder);
        }
        if (adapters == null || !Files.isDirectory(adapters.resolve(job.adapter()))) {
            throw failure(
                    adapters == null ? folder : adapters,
                    "the adapter of the job must lie where adapters are served, found none; say where with --adapters");
        }
        return StoredJobs.tryOpen(folder, adapters);
    }

    @Override
    public JobEvents events(String id) throws IOException {
        return FolderEvents.fromNow(this, id);
    }
}
