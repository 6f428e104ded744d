package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.cli.report.CardFile;
import org.lora4j.cli.report.TaskPage;
import org.lora4j.cli.report.TrainingFiles;
import org.lora4j.cli.train.CheckpointFile;
import org.lora4j.cli.train.Estimate;
import org.lora4j.cli.train.RateSearch;
import org.lora4j.cli.train.TaskTraining;
import org.lora4j.cli.train.TextTask;
import org.lora4j.cli.train.TrainingInput;
import org.lora4j.cli.train.TrainingReport;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.ProgressOptions;
import org.lora4j.console.command.RunFolder;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.text.task.SavedAdapter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * A command that trains an adapter.
 *
 * @param <R> what the task measures
 */
abstract class TrainCommand<R extends Record> extends WorkCommand {
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
    private final TrainingOptions training;

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    /** Creates a command with the default batch and rate, and the steps that a training must have at least. */
    TrainCommand(int batch, double rate, int minSteps) {
        training = new TrainingOptions(batch, rate, minSteps);
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        data.check(check);
        adapter.check(check);
        training.check(check);
    }

    final int batch() {
        return training.plan().batch();
    }

    /** Does something else than a training, if an option asks for it, and returns whether it did. */
    boolean worksOtherwise(TrainingInput input, Path to, boolean overwrites) throws IOException {
        return false;
    }

    /** What the command says at its end. */
    final OutputOptions output() {
        return output;
    }

    /** Opens the model and reads the examples. */
    abstract TextTask<R> open(TrainingInput input) throws IOException;

    /** Returns what is said of a training. */
    abstract TaskPage page(TrainingReport<R> report);

    @Override
    protected final void work() throws IOException {
        TrainingInput input = new TrainingInput(
                model,
                data.file(),
                adapter.config(training.seed()),
                adapter.begin() == null ? null : SavedAdapter.read(adapter.begin(), model),
                training.plan(),
                storage.value());
        if (worksOtherwise(input, training.output(), training.overwrites())) {
            return;
        }
        if (training.isDryRun() || training.findsRate()) {
            tryOut(input);
            return;
        }
        OutputPath.requireOther(
                training.output(),
                input.begin() == null
                        ? List.of(model)
                        : List.of(model, input.begin().folder()));
        CardFile.requireOwn(training.output());
        if (!training.overwrites() && !training.resumes()) {
            CheckpointFile.requireNone(training.output());
            OutputPath.requireNoResult(training.output());
        }
        RunFolder folder = prepare(training.output(), "the adapter and the report", ROOM);
        try (TextTask<R> task = open(input)) {
            TaskTraining<R> prepared = new TaskTraining<>(task, input);
            if (training.overwrites()) {
                // Not before, so that wrong data cost no training that was interrupted.
                CheckpointFile.delete(training.output());
            }
            output.text(out()).line("%s", prepared.summary());
            TrainingReport<R> run = prepared.run(folder, training.resumes(), display(progress, err(), "examples"));
            TaskPage page = page(run);
            TrainingReport<R> report = TrainingFiles.write(folder, model, run, page);
            CheckpointFile.delete(folder.path());
            output.show(out(), report, to -> TrainingFiles.print(to, folder.path(), report, page));
        }
    }

    private void tryOut(TrainingInput input) throws IOException {
        try (TextTask<R> task = open(input)) {
            TaskTraining<R> prepared = new TaskTraining<>(task, input);
            if (training.findsRate()) {
                RateSearch search = prepared.findRate();
                output.show(out(), search, search::print);
            } else {
                Estimate estimate = prepared.estimate();
                output.show(out(), estimate, estimate::print);
            }
        }
    }
}
