package org.lora4j.cli.train;

import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.console.command.ProgressDisplay;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.report.ReportText;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.text.data.EpochBatches;
import org.lora4j.text.task.TaskFile;
import org.lora4j.text.train.BaseHash;
import org.lora4j.train.Batch;
import org.lora4j.train.Validation;

/**
 * Trains the adapter of a task, measures it, and writes it into a folder.
 *
 * @param <E> an example
 * @param <R> what the task measures
 */
public final class TaskTraining<E, R extends TaskResult> {
    private final CommandTask<E, ?, R> task;
    private final TrainingInput input;
    private final TrainingPlan plan;
    private final TextTraining training;

    /**
     * Creates a training that has not begun.
     *
     * @param task what is trained
     * @param input with which settings
     */
    public TaskTraining(CommandTask<E, ?, R> task, TrainingInput input) {
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

    private Iterable<Batch> batches(Examples<E> examples) {
        List<E> all = examples.list();
        return task.task()
                .distinctTexts()
                .map(texts -> EpochBatches.distinct(
                        all.size(), plan.batch(), plan.seed(), i -> texts.apply(all.get(i)), examples::batch))
                .orElseGet(() -> new EpochBatches(all.size(), plan.batch(), plan.seed(), examples::batch));
    }

    /** What the adapter does before the first step is an answer too: without an adapter that is that of the model alone. */
    private @Nullable Validation validation() {
        Examples<?> held = task.validation();
        return held.size() == 0
                ? null
                : task.task().validation(held.batches(plan.batch())).withStart();
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
        return Estimate.measure(training, sizes(), task.train(), task.validation(), batches(task.train()));
    }

    /**
     * Searches for a learning rate. The training cannot be run after this.
     *
     * @return the losses of growing rates, and a suggestion
     */
    public RateSearch findRate() {
        task.recipe().begin(task.examples().train());
        return RateSearch.run(training, batches(task.train()));
    }

    /**
     * Trains without checkpoints. The training cannot be run after this.
     *
     * @param progress shows the training
     * @return the best loss of the validation; nothing if the training diverged
     * @throws IOException if there is no validation, or the task has no steps
     */
    OptionalDouble tryOut(ProgressDisplay progress) throws IOException {
        Validation validation = validation();
        if (validation == null) {
            throw new IOException("--search: there must be examples for the validation, found none");
        }
        if (!task.recipe().begin(task.examples().train())) {
            throw new IOException(
                    "--search: there must be steps to train, found none: so few texts are learned as pairs;"
                            + " --epochs asks for steps after them");
        }
        return training.tryOut(batches(task.train()), validation, progress);
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
        settings.put("the base", BaseHash.of(task.adapter(), task.task().network()));
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
        Recipe<E> recipe = task.recipe();
        TextTraining.Outcome outcome = TextTraining.Outcome.NO_STEPS;
        // A training that goes on has the parameters of the checkpoint then.
        boolean hasSteps = recipe.begin(task.examples().train());
        if (hasSteps) {
            outcome = training.run(batches(task.train()), validation(), checkpoint, resume, progress, () -> {
                folder.add("checkpoint", CheckpointFile.NAME);
                folder.advise("go on with --resume");
            });
        }
        boolean keepsSteps = recipe.keepsSteps(task.validation().batches(plan.batch()));
        writeAdapter(folder);
        TrainingReport<R> report = new TrainingReport<>(
                task.model(),
                settings(),
                sizes(),
                TrainingSummary.of(outcome),
                task.judge(),
                task.examples().pass().skipped(),
                new LinkedHashMap<>());
        if (task.learnsAll()) {
            learnAll(keepsSteps, hasSteps ? outcome.keptEpoch() : 0, progress);
            writeAdapter(folder);
        }
        return report;
    }

    private void writeAdapter(RunFolder folder) throws IOException {
        boolean hasTask = folder.write("the adapter in " + folder.path(), () -> {
            task.adapter().save(folder.path());
            TaskFile.write(task.task().task(), folder.path());
            return Files.exists(folder.path().resolve(TaskFile.NAME));
        });
        folder.add("adapter", "adapter_model.safetensors");
        folder.add("adapterConfig", "adapter_config.json");
        if (hasTask) {
            folder.add("task", TaskFile.NAME);
        }
    }

    /** Trains once more as it was chosen, on all examples. */
    private void learnAll(boolean keepsSteps, int epochs, ProgressDisplay progress) {
        Examples<E> all = task.all();
        task.recipe().begin(all.list());
        if (!keepsSteps) {
            task.recipe().leaveOutSteps();
        } else if (epochs > 0) {
            training.runAgain(batches(all), all.size(), epochs, progress);
        }
    }
}
