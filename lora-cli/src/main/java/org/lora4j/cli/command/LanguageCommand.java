package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lora4j.cli.file.OutputPath;
import org.lora4j.cli.language.LanguageReport;
import org.lora4j.cli.language.LanguageTask;
import org.lora4j.cli.language.LanguageTest;
import org.lora4j.cli.language.LanguageTraining;
import org.lora4j.cli.report.CardFile;
import org.lora4j.cli.report.LanguageFiles;
import org.lora4j.cli.train.CheckpointFile;
import org.lora4j.cli.train.Estimate;
import org.lora4j.example.support.cli.OptionCheck;
import org.lora4j.example.support.cli.ProgressOptions;
import org.lora4j.example.support.cli.RunFolder;
import org.lora4j.example.support.cli.WorkCommand;
import org.lora4j.example.support.report.TextOutput;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** A command that trains an adapter for a decoder. */
abstract class LanguageCommand extends WorkCommand {
    private static final long ROOM = 20_000_000;

    @Option(names = "--model", required = true, paramLabel = "DIR", description = "The folder of the model.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Mixin
    private final DataOptions data = new DataOptions();

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Option(
            names = "--recompute",
            description =
                    "Compute the layers again for their gradients: about a third more time, in much less memory. The"
                            + " adapter is the same.")
    private boolean recomputes;

    @Mixin
    private final AdapterOptions adapter = new AdapterOptions();

    @Mixin
    private final TrainingOptions training = new TrainingOptions(4, 2e-4);

    @Mixin
    private final ProgressOptions progress = new ProgressOptions();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    LanguageCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        data.check(check);
        adapter.check(check);
        training.check(check);
    }

    /** Returns the task with the tokens of an example, the column of plain text, and the number of sample answers. */
    final LanguageTask task(LanguageTask.Kind kind, int maxTokens, String text, int samples) {
        return new LanguageTask(
                kind,
                model,
                storage.precision(),
                data.file(),
                text,
                maxTokens,
                adapter.config(training.seed()),
                training.plan(),
                recomputes,
                samples);
    }

    abstract LanguageTask task();

    @Override
    protected final void work() throws IOException {
        if (training.isDryRun()) {
            try (LanguageTraining prepared = LanguageTraining.prepare(task())) {
                Estimate estimate = prepared.estimate();
                output.show(out(), estimate, estimate::print);
            }
            return;
        }
        OutputPath.requireOther(training.output(), List.of(model));
        CardFile.requireOwn(training.output());
        RunFolder folder = prepare(training.output(), "the adapter and the report", ROOM);
        try (LanguageTraining prepared = LanguageTraining.prepare(task())) {
            output.text(out())
                    .line(
                            "%,d examples for training and %,d for the validation",
                            prepared.examples().train().size(),
                            prepared.examples().validation().size());
            LanguageReport report = LanguageFiles.write(
                    folder, model, prepared.run(folder, training.resumes(), progress.display(err(), "examples")));
            CheckpointFile.delete(folder.path());
            output.show(out(), report, to -> print(to, report, folder));
        }
    }

    /** Says how many examples were left out because no answer was left after the cut. */
    static void unlearnable(TextOutput out, int examples) {
        if (examples > 0) {
            out.fact("%,d examples were left out: no answer was left after the cut; set more --max-tokens", examples);
        }
    }

    private static void print(TextOutput out, LanguageReport report, RunFolder folder) {
        out.fact(
                "%,d steps in %.1f s; mean loss at the end: %.4f",
                report.training().steps(),
                report.training().seconds(),
                report.training().loss());
        if (!report.skipped().isEmpty()) {
            out.fact(
                    "%,d lines were left out; the first: %s",
                    report.skipped().size(), report.skipped().get(0));
        }
        unlearnable(out, report.sizes().unlearnable());
        LanguageTest before = report.before();
        LanguageTest after = report.after();
        if (before != null && after != null) {
            out.fact("perplexity %.3f alone, %.3f with the adapter", before.perplexity(), after.perplexity());
        }
        out.files(folder.path(), report.files());
    }
}
