package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.cli.measure.TaskResult;
import org.lora4j.cli.model.AdaptedModel;
import org.lora4j.cli.report.ModelCard;
import org.lora4j.cli.report.TrainingFiles;
import org.lora4j.cli.train.CheckpointFile;
import org.lora4j.cli.train.CommandTask;
import org.lora4j.cli.train.Estimate;
import org.lora4j.cli.train.OpenedFiles;
import org.lora4j.cli.train.RateSearch;
import org.lora4j.cli.train.SettingsSearch;
import org.lora4j.cli.train.TaskTraining;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.cli.train.TrainingPlan;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.ProgressOptions;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.nn.transformer.ModelConfig;
import org.lora4j.text.task.SavedAdapter;
import org.lora4j.text.train.DefaultEpochs;
import org.lora4j.text.train.DefaultRate;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that trains an adapter. What differs between them is the task that each opens. */
abstract class TrainCommand extends WorkCommand {
    /** More bytes than adapters, checkpoints and a report mostly need. */
    private static final long ROOM = 20_000_000;

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "The folder of the model, or a GGUF file.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Mixin
    private final DataOptions data = new DataOptions();

    @Mixin
    private final AdapterOptions adapter = new AdapterOptions();

    @Mixin
    private final TrainingPlan plan;

    @Mixin
    private final TrainingOptions training = new TrainingOptions();

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    /** Creates a command with the default batch, rate and epochs. */
    TrainCommand(int batch, DefaultRate rate, DefaultEpochs epochs) {
        plan = new TrainingPlan(batch, rate, epochs);
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        data.check(check);
        adapter.check(check);
        plan.check(check);
        training.check(check);
    }

    final int batch() {
        return plan.batch();
    }

    /** Does something else than a training, if an option asks for it, and returns whether it did. */
    boolean worksOtherwise(TrainingInput input, Path to, boolean overwrites) throws IOException {
        return false;
    }

    /** Whether other files than those of the examples test the adapter, so that all of these can train or choose the epoch. */
    boolean hasOwnTest() {
        return false;
    }

    /** What the command says at its end. */
    final OutputOptions output() {
        return output;
    }

    /** Opens the model and reads the examples. */
    abstract CommandTask<?, ?, ?> open(TrainingInput input) throws IOException;

    @Override
    protected final void work() throws IOException {
        try (OpenedFiles opened = new OpenedFiles()) {
            SavedAdapter begin = adapter.begin() == null ? null : SavedAdapter.read(adapter.begin(), model);
            TrainingInput input = new TrainingInput(
                    new AdaptedModel(model, begin, storage.value()),
                    data.file(hasOwnTest()),
                    adapter.config(plan.seed()),
                    plan.forWidth(ModelConfig.read(model).hiddenSize()),
                    opened);
            if (worksOtherwise(input, training.output(), training.overwrites())) {
                return;
            }
            Duration search = training.search();
            if (search != null) {
                SettingsSearch found =
                        SettingsSearch.run(input, this::open, search, display(progress, err(), "examples"));
                output.show(out(), found, found::print);
            } else if (training.findsRate()) {
                RateSearch rates = new TaskTraining<>(open(input), input).findRate();
                output.show(out(), rates, rates::print);
            } else if (training.isDryRun()) {
                Estimate estimate = new TaskTraining<>(open(input), input).estimate();
                output.show(out(), estimate, estimate::print);
            } else {
                RunFolder folder = outputFolder(begin);
                train(open(input), input, folder);
            }
        }
    }

    private RunFolder outputFolder(@Nullable SavedAdapter begin) throws IOException {
        Path to = training.output();
        OutputPath.requireOther(to, begin == null ? List.of(model) : List.of(model, begin.folder()));
        ModelCard.requireOwn(to);
        if (!training.overwrites() && !training.resumes()) {
            CheckpointFile.requireNone(to);
            OutputPath.requireNoResult(to);
        }
        return prepare(to, "the adapter and the report", ROOM);
    }

    private <E, R extends TaskResult> void train(CommandTask<E, ?, R> task, TrainingInput input, RunFolder folder)
            throws IOException {
        TaskTraining<E, R> prepared = new TaskTraining<>(task, input);
        if (training.overwrites()) {
            // Not before, so that wrong data cost no training that was interrupted.
            CheckpointFile.delete(folder.path());
        }
        output.text(out()).line("%s", prepared.summary());
        TrainingReport<R> run = prepared.run(folder, training.resumes(), display(progress, err(), "examples"));
        TrainingReport<R> report = TrainingFiles.write(folder, model, run, task.page());
        CheckpointFile.delete(folder.path());
        output.show(out(), report, to -> TrainingFiles.print(to, folder.path(), report));
    }
}
