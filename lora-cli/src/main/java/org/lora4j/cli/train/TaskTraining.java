package org.lora4j.cli.train;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.report.ReportText;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.train.Batch;

/**
 * Trains the adapter of a task, measures it, and writes it into a folder.
 *
 * @param <R> what the task measures
 */
public final class TaskTraining<R extends Record> {
    private final TextTask<R> task;
    private final TextTask.Parts parts;
    private final TrainingInput input;
    private final TrainingPlan plan;
    private final TextTraining training;

    /**
     * Creates a training that has not begun.
     *
     * @param task what is trained
     * @param input with which settings
     */
    public TaskTraining(TextTask<R> task, TrainingInput input) {
        this.task = task;
        this.input = input;
        parts = task.parts();
        plan = input.plan().forExamples(parts.train().size());
        training = new TextTraining(
                parts.adapter(), parts.loss(), plan, parts.train().size(), parts.recomputes());
    }

    /**
     * Returns the examples, and how often they are used.
     *
     * @return a line for the user
     */
    public String summary() {
        String few = plan.epochs() == input.plan().epochs()
                ? ""
                : ", more than %s because there are few examples; --epochs sets another number"
                        .formatted(input.plan().epochs());
        return "%s; %s%s".formatted(task.summary(), ReportText.count(plan.epochs(), "epoch"), few);
    }

    private Iterable<Batch> batches() {
        return new EpochBatches(parts.train().size(), plan.batch(), plan.seed(), parts.train()::batch);
    }

    private @Nullable Iterable<Batch> validationBatches() {
        Examples validation = parts.validation();
        return validation.size() == 0 ? null : validation.batches(plan.batch());
    }

    private TrainingReport.Sizes sizes() {
        return new TrainingReport.Sizes(
                weights(parts.adapter().parameters()),
                weights(parts.base().parameters()),
                parts.train().size(),
                parts.validation().size(),
                parts.test(),
                parts.copies(),
                parts.train().tokens(),
                cut(),
                parts.unlearnable());
    }

    /** Returns how many examples have as many tokens as one may have. */
    private int cut() {
        return parts.maxTokens() == 0 ? 0 : parts.train().countFrom(parts.maxTokens());
    }

    /** A weight in fewer bits has a shape and no array. */
    private static long weights(Iterable<Parameter> parameters) {
        long weights = 0;
        for (Parameter parameter : parameters) {
            weights += LongStream.of(parameter.shape()).reduce(1, Math::multiplyExact);
        }
        return weights;
    }

    /**
     * Measures what the training needs. It cannot be run after this.
     *
     * @return the estimate
     */
    public Estimate estimate() {
        return Estimate.measure(training, sizes(), parts.train(), parts.validation(), batches());
    }

    /**
     * Searches for a learning rate. The training cannot be run after this.
     *
     * @return the losses of growing rates, and a suggestion
     */
    public RateSearch findRate() {
        return RateSearch.run(training, batches());
    }

    private Map<String, Object> settings() {
        Map<String, Object> settings = new LinkedHashMap<>(parts.settings());
        if (input.begin() == null) {
            settings.put("adapter", input.config().toString());
        } else {
            settings.put("adapter", parts.adapter().adapter().config().toString());
            settings.put("begin", input.begin().toString());
        }
        settings.put(
                "storage",
                input.storage().precision().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        settings.putAll(plan.settings());
        return settings;
    }

    private CheckpointFile checkpoint(RunFolder folder) throws IOException {
        Map<String, Object> settings = settings();
        // The texts say more than the name of a file.
        settings.put(
                "texts",
                Integer.toHexString(Objects.hash(
                        parts.train().contentHash(), parts.validation().contentHash())));
        settings.put("the base", training.baseHash(parts.base()));
        return new CheckpointFile(folder.path(), settings);
    }

    /**
     * Trains, measures, and writes adapter and task. The checkpoint stays until the report is written; see
     * {@link CheckpointFile#delete}.
     *
     * @param folder the output folder
     * @param resume whether to go on from the checkpoint in it
     * @param progress shows the training
     * @return the report
     * @throws IOException if a file cannot be read or written
     */
    public TrainingReport<R> run(RunFolder folder, boolean resume, ProgressDisplay progress) throws IOException {
        CheckpointFile checkpoint = checkpoint(folder);
        TextTraining.Outcome outcome =
                training.run(batches(), validationBatches(), checkpoint, resume, progress, () -> {
                    folder.add("checkpoint", CheckpointFile.NAME);
                    folder.advise("go on with --resume");
                });
        boolean hasTask = folder.write("the adapter in " + folder.path(), () -> {
            parts.adapter().save(folder.path());
            return task.writeTask(folder.path());
        });
        folder.add("adapter", "adapter_model.safetensors");
        folder.add("adapterConfig", "adapter_config.json");
        if (hasTask) {
            folder.add("task", "task.json");
        }
        return new TrainingReport<>(
                parts.model(),
                settings(),
                sizes(),
                TrainingSummary.of(outcome),
                task.measure(),
                parts.skipped(),
                new LinkedHashMap<>());
    }
}
