package org.lora4j.cli.train;

import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.report.ReportText;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.text.task.Task;
import org.lora4j.train.Batch;
import org.lora4j.train.Validation;

/**
 * Trains the adapter of a task, measures it, and writes it into a folder.
 *
 * @param <R> what the task measures
 */
public final class TaskTraining<R extends TaskResult> {
    private final CommandTask<?, ?, R> task;
    private final TrainingInput input;
    private final TrainingPlan plan;
    private final TextTraining training;

    /**
     * Creates a training that has not begun.
     *
     * @param task what is trained
     * @param input with which settings
     */
    public TaskTraining(CommandTask<?, ?, R> task, TrainingInput input) {
        this.task = task;
        this.input = input;
        plan = input.plan();
        training = new TextTraining(
                task.adapter(), task.task().loss(), plan, task.train().size(), task.recomputes());
    }

    /**
     * Returns the examples, and how often they are used.
     *
     * @return a line for the user
     */
    public String summary() {
        int epochs = plan.epochs(task.train().size());
        String few = epochs == plan.epochs()
                ? ""
                : ", more than %s because there are few examples; --epochs sets another number"
                        .formatted(plan.epochs());
        return "%s; %s%s".formatted(task.summary(), ReportText.count(epochs, "epoch"), few);
    }

    private Iterable<Batch> batches() {
        return new EpochBatches(task.train().size(), plan.batch(), plan.seed(), task.train()::batch);
    }

    private @Nullable Validation validation() {
        Examples<?> held = task.validation();
        return held.size() == 0 ? null : task.task().validation(held.batches(plan.batch()));
    }

    private TrainingReport.Sizes sizes() {
        return new TrainingReport.Sizes(
                weights(task.adapter().parameters()),
                weights(task.task().network().parameters()),
                task.train().size(),
                task.validation().size(),
                task.examples().test().size(),
                task.examples().pass().copies(),
                task.train().tokens(),
                cut(),
                task.examples().unused());
    }

    /** Returns how many examples have as many tokens as one may have. */
    private int cut() {
        return task.maxTokens() == 0 ? 0 : task.train().countFrom(task.maxTokens());
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
        return Estimate.measure(training, sizes(), task.train(), task.validation(), batches());
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
        Map<String, Object> settings = new LinkedHashMap<>(task.settings());
        if (input.begin() == null) {
            settings.put("adapter", input.config().toString());
        } else {
            settings.put("adapter", task.adapter().adapter().config().toString());
            settings.put("begin", input.begin().toString());
        }
        settings.put(
                "storage",
                input.files()
                        .storage()
                        .precision()
                        .name()
                        .toLowerCase(Locale.ROOT)
                        .replace('_', '-'));
        settings.putAll(plan.settings(task.train().size()));
        return settings;
    }

    private CheckpointFile checkpoint(RunFolder folder) throws IOException {
        Map<String, Object> settings = settings();
        // The texts say more than the name of a file.
        settings.put(
                "texts",
                Integer.toHexString(Objects.hash(
                        task.train().contentHash(), task.validation().contentHash())));
        settings.put("the base", training.baseHash(task.task().network()));
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
        TextTraining.Outcome outcome = training.run(batches(), validation(), checkpoint, resume, progress, () -> {
            folder.add("checkpoint", CheckpointFile.NAME);
            folder.advise("go on with --resume");
        });
        boolean hasTask = folder.write("the adapter in " + folder.path(), () -> {
            task.adapter().save(folder.path());
            task.task().task().write(folder.path());
            return Files.exists(folder.path().resolve(Task.FILE));
        });
        folder.add("adapter", "adapter_model.safetensors");
        folder.add("adapterConfig", "adapter_config.json");
        if (hasTask) {
            folder.add("task", Task.FILE);
        }
        return new TrainingReport<>(
                task.model(),
                settings(),
                sizes(),
                TrainingSummary.of(outcome),
                task.judge(),
                task.examples().pass().skipped(),
                new LinkedHashMap<>());
    }
}
