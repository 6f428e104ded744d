package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.function.BooleanSupplier;
import org.lora4j.cli.serve.files.FileStore;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobState;
import org.lora4j.text.job.TrainingService;
import org.lora4j.text.job.UsedSettings;

/** The trainings of clients, in the process that serves what they train. */
public final class ServedJobs implements AutoCloseable {
    private final TrainingFolder folder;
    private final ServedModel model;
    private final TrainingService trainings;

    private ServedJobs(TrainingFolder folder, ServedModel model, TrainingService trainings) {
        this.folder = folder;
        this.model = model;
        this.trainings = trainings;
    }

    /**
     * Begins to train. Jobs that have not ended go on.
     *
     * @param folder has the files and the jobs
     * @param model what is trained, and serves it
     * @param limits how much is trained
     * @return the trainings; close them before the model
     * @throws IOException if the jobs cannot be read
     */
    public static ServedJobs open(TrainingFolder folder, ServedModel model, TrainLimits limits) throws IOException {
        return new ServedJobs(folder, model, model.trainings(folder.jobs(), limits));
    }

    TrainingService trainings() {
        return trainings;
    }

    /**
     * Adds what clients can ask for.
     *
     * @param stops whether the server stops
     */
    void addTo(Router router, ServedNames names, BooleanSupplier stops) {
        FileStore files = folder.files();
        new FileEndpoints(files, folder.limits(), new ResultFiles(trainings)).addTo(router);
        new JobEndpoints(trainings, names, files, new JobForm(files, model.name()), new JobEventStream(stops))
                .addTo(router);
        router.add("GET", "/v1/fine_tuning/methods", new Action.OfPath((call, body) -> methods(call)));
        new AdapterEndpoints(model, names).addTo(router);
    }

    /** Says what is trained, and how. A key that may not train is refused. */
    private void methods(Call call) throws IOException {
        call.client().requireTrains();
        ObjectNode node = JsonBody.MAPPER
                .createObjectNode()
                .put("object", "fine_tuning.methods")
                .put("model", model.name());
        ArrayNode names = node.putArray("methods");
        OnDisk.get(trainings::methods).forEach(method -> names.add(method.text()));
        call.answer().json(200, node);
    }

    void addTo(ServerMetrics metrics) {
        FileStore files = folder.files();
        metrics.gauge("lora.files", "bytes", "Files of clients on the disk, with those that come", files::bytes);
        metrics.gauge("lora.uploads", null, "Files that are being uploaded", files::uploads);
        metrics.gauge("lora.jobs.running", null, "Jobs that train", () -> count(JobState.RUNNING));
        metrics.gauge(
                "lora.jobs.waiting",
                null,
                "Jobs that wait for their turn, or whose rows are checked",
                () -> count(JobState.QUEUED) + count(JobState.VALIDATING));
        metrics.gauge("lora.jobs.failed", null, "Jobs that have failed", () -> count(JobState.FAILED));
        metrics.gauge(
                "lora.training.step",
                null,
                "The last steps of the jobs that train, added up; 0 if none does",
                () -> trainings.running().stream().mapToLong(Job::step).sum());
        metrics.gauge(
                "lora.training.steps",
                null,
                "All steps of the jobs that train, added up; 0 if none does",
                () -> trainings.running().stream()
                        .flatMap(job -> job.settings().stream())
                        .mapToLong(UsedSettings::steps)
                        .sum());
    }

    private long count(JobState state) {
        return trainings.jobs().stream().filter(job -> job.state() == state).count();
    }

    /** Stops what trains after its step. It goes on when the folder is opened again. */
    @Override
    public void close() {
        trainings.close();
    }
}
