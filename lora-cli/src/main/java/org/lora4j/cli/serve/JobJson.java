package org.lora4j.cli.serve;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.MessageText;
import org.lora4j.text.job.Hyperparameters;
import org.lora4j.text.job.Job;
import org.lora4j.text.job.JobCheck;
import org.lora4j.text.job.JobCheckpoint;
import org.lora4j.text.job.JobError;
import org.lora4j.text.job.JobEvent;
import org.lora4j.text.job.JobMethod;
import org.lora4j.text.job.JobState;
import org.lora4j.text.job.UsedSettings;

/** Writes jobs, events and checkpoints in the form of OpenAI, with some fields of our own behind. */
public final class JobJson {
    private static final String AUTO = "auto";
    private static final String MODEL_CREATED = "New fine-tuned model created: ";

    private JobJson() {}

    private static ObjectNode object() {
        return JsonBody.MAPPER.createObjectNode();
    }

    /**
     * Writes a job.
     *
     * @param job the job
     * @return the object that a request for it gets
     */
    public static ObjectNode job(Job job) {
        JobFacts facts = JobFacts.of(job);
        JobState state = job.state();
        boolean succeeded = state == JobState.SUCCEEDED;
        ObjectNode node = object().put("id", job.id())
                .put("object", "fine_tuning.job")
                .put("model", facts.base())
                .put("created_at", job.created().getEpochSecond())
                .put("finished_at", seconds(job.finished()))
                .put("fine_tuned_model", succeeded ? facts.model(job) : null)
                .put("organization_id", "org-" + facts.org())
                .put("status", state == JobState.VALIDATING ? "validating_files" : state.text())
                .put("training_file", facts.trainingFile())
                .put("validation_file", facts.validationFile())
                .put("trained_tokens", succeeded ? trainedTokens(job) : null)
                .put("seed", job.seed())
                .put("estimated_finish", seconds(job.estimatedFinish()));
        ArrayNode results = node.putArray("result_files");
        ResultFiles.of(job).ifPresent(file -> results.add(file.id()));
        node.set("hyperparameters", hyperparameters(job));
        node.putObject("method")
                .put("type", job.method().text())
                .putObject(job.method().text())
                .set("hyperparameters", hyperparameters(job));
        node.set("error", job.error().map(JobJson::error).orElse(null));
        node.putArray("integrations");
        ObjectNode metadata = node.putObject("metadata");
        facts.metadata().forEach(metadata::put);
        node.put("user_provided_suffix", facts.suffix().isEmpty() ? null : facts.suffix());
        job.serveAs()
                .ifPresent(name -> node.put("serve_as", name)
                        .put("promote", job.promotion().name().toLowerCase(Locale.ROOT))
                        .put("promoted", job.isPromoted()));
        ArrayNode comparisons = node.putArray("comparisons");
        job.comparisons()
                .forEach(one -> comparisons
                        .addObject()
                        .put("with", one.with())
                        .put("metric", one.metric())
                        .put("rows", one.rows())
                        .put("adapter", one.adapter())
                        .put("other", one.other())
                        .put("better_by", one.difference().difference())
                        .put("low", one.difference().low())
                        .put("high", one.difference().high()));
        return node;
    }

    private static @Nullable Long seconds(Optional<Instant> time) {
        return time.map(Instant::getEpochSecond).orElse(null);
    }

    private static @Nullable Long trainedTokens(Job job) {
        return job.trainedTokens().isPresent()
                ? Long.valueOf(job.trainedTokens().getAsLong())
                : null;
    }

    private static ObjectNode error(JobError error) {
        return object().put("code", error.code())
                .put("message", error.message())
                .put("param", error.param());
    }

    /** What is used, as soon as the rows were read; what was asked for, before. */
    private static ObjectNode hyperparameters(Job job) {
        Hyperparameters asked = job.hyperparameters();
        Optional<UsedSettings> used = job.settings();
        ObjectNode node = object();
        put(node, "n_epochs", used.<Number>map(UsedSettings::epochs).orElse(asked.epochs()));
        put(node, "batch_size", used.<Number>map(UsedSettings::batchSize).orElse(asked.batchSize()));
        put(
                node,
                "learning_rate_multiplier",
                used.<Number>map(UsedSettings::learningRateMultiplier).orElse(asked.learningRateMultiplier()));
        if (job.method() == JobMethod.DPO) {
            put(node, "beta", used.<Number>map(UsedSettings::beta).orElse(asked.beta()));
        }
        return node;
    }

    private static void put(ObjectNode node, String name, @Nullable Number value) {
        node.set(name, value == null ? node.textNode(AUTO) : JsonBody.MAPPER.valueToTree(value));
    }

    /** Writes what was found in the rows of a request. */
    static ObjectNode check(JobCheck check) {
        ObjectNode node = object().put("object", "fine_tuning.check").put("ok", check.isGood());
        node.set("training_file", rows(check.training()));
        JobCheck.Rows validation = check.validation();
        node.set("validation_file", validation == null ? null : rows(validation));
        return node.put("repeated_rows", check.repeated()).put("problem", check.problem());
    }

    private static ObjectNode rows(JobCheck.Rows rows) {
        ObjectNode node = object().put("filename", rows.name())
                .put("good_rows", rows.good())
                .put("wrong_rows", rows.wrong());
        put(node.putArray("wrong"), "message", rows.firstWrong());
        put(node.putArray("good"), "row", rows.firstGood());
        return node;
    }

    private static void put(ArrayNode to, String name, List<JobCheck.Row> rows) {
        rows.forEach(row -> to.addObject().put("line", row.line()).put(name, MessageText.line(row.text())));
    }

    /**
     * Writes an event of a job.
     *
     * @param job the job
     * @param event the event
     * @return the object in the list of its events
     */
    public static ObjectNode event(Job job, JobEvent event) {
        boolean isMetrics = !event.metrics().isEmpty();
        ObjectNode node = object().put("id", event.id())
                .put("object", "fine_tuning.job.event")
                .put("created_at", event.time().getEpochSecond())
                .put("level", event.level().name().toLowerCase(Locale.ROOT))
                .put("message", message(job, event.message()))
                .put("type", isMetrics ? "metrics" : "message");
        return node.set("data", isMetrics ? JsonBody.MAPPER.valueToTree(event.metrics()) : node.nullNode());
    }

    /** The job knows the folder of its adapter. Clients ask for it by another name. */
    private static String message(Job job, String message) {
        return message.equals(MODEL_CREATED + job.adapter())
                ? MODEL_CREATED + JobFacts.of(job).model(job)
                : message;
    }

    /** Returns the name of the adapter of a checkpoint for clients. */
    static String model(Job job, JobCheckpoint checkpoint) {
        String name = JobFacts.of(job).model(job);
        return job.adapter().equals(checkpoint.adapter()) ? name : FineTunedName.ofCheckpoint(name, checkpoint.step());
    }

    /** Returns the id of a checkpoint. */
    static String id(Job job, JobCheckpoint checkpoint) {
        return "ftckpt_" + job.id().substring(job.id().indexOf('-') + 1) + "_" + checkpoint.step();
    }

    /** Writes a checkpoint. */
    static ObjectNode checkpoint(Job job, JobCheckpoint checkpoint) {
        ObjectNode node = object().put("id", id(job, checkpoint))
                .put("object", "fine_tuning.job.checkpoint")
                .put("created_at", checkpoint.time().getEpochSecond())
                .put("fine_tuned_model_checkpoint", model(job, checkpoint))
                .put("fine_tuning_job_id", job.id())
                .put("step_number", checkpoint.step());
        ObjectNode metrics = node.putObject("metrics").put("step", checkpoint.step());
        if (Double.isFinite(checkpoint.trainLoss())) {
            metrics.put("train_loss", checkpoint.trainLoss());
        }
        Double valid = checkpoint.validLoss();
        if (valid != null && Double.isFinite(valid)) {
            metrics.put("full_valid_loss", valid);
        }
        return node;
    }
}
